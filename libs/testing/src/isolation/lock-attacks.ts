import assert from 'node:assert/strict';
import type { Client } from 'pg';
import { newId } from '@easyflow/kernel-ids';
import { ROLES, type Role } from '@easyflow/platform-database';
import {
  findsNothing,
  refused,
  works,
  type Attack,
  type AttackBench,
  type CanaryTenant,
} from './attack-bench';
import { tenantColumns } from './canaries';

/** Modes that keep others from writing, or from reading too. */
const MODES = [
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const;

/** What services delete: who, and from which table of the placement. */
const DELETIONS: readonly (readonly [role: Role, table: string])[] = [
  ['ef_writer', 'execution_signals'],
  ['ef_writer', 'execution_values'],
  ['ef_registry', 'schedules'],
  ['ef_api', 'requests'],
  ['ef_analytics', 'idempotency_keys'],
  ['ef_analytics', 'usage_hourly'],
  ['ef_analytics', 'usage_cursors'],
];

async function tablesOf(bench: AttackBench): Promise<string[]> {
  const places = new Set(['ef', bench.a.schema]);
  const found: string[] = [];
  for (const place of places) {
    const columns = await tenantColumns(bench.database, place);
    for (const table of new Set(columns.map((column) => column.table))) {
      found.push(`${place}.${table}`);
    }
  }
  return found;
}

/** Places of the tenant's rows, as the superuser sees them: an attacker may guess any. */
async function placesOf(
  bench: AttackBench,
  tenant: CanaryTenant,
  table: string,
): Promise<string[]> {
  const rows = await bench.database.superuser<{ place: string }>(
    `SELECT ctid::text AS place FROM ${table} WHERE tenant_id = $1`,
    [tenant.id],
  );
  return rows.map(({ place }) => place);
}

async function countOf(bench: AttackBench, tenant: CanaryTenant, table: string): Promise<number> {
  return (await placesOf(bench, tenant, table)).length;
}

function begin(client: Client, tokens: readonly string[]): Promise<unknown> {
  return client.query('BEGIN').then(() => client.query('SELECT ctx.begin($1)', [tokens]));
}

export const LOCK_ATTACKS: readonly Attack[] = [
  {
    // Without any token: a lock is not a row.
    name: 'lock_table',
    run: async (bench) => {
      const tables = await tablesOf(bench);
      assert.ok(tables.length > 10);
      for (const role of ROLES) {
        await bench.connected(role, async (client) => {
          await client.query('BEGIN');
          for (const table of tables) {
            for (const mode of MODES) await refused(client, `LOCK TABLE ${table} IN ${mode} MODE`);
          }
          await client.query('ROLLBACK');
        });
      }
      // What a role needs to work does lock as little as that: the control.
      await bench.connected('ef_writer', async (client) => {
        await client.query('BEGIN');
        await client.query('LOCK TABLE ef.work IN ACCESS SHARE MODE');
        await client.query('ROLLBACK');
      });
    },
  },
  {
    name: 'delete_rows_of_others',
    run: async (bench) => {
      const { a, b } = bench;
      for (const [role, name] of DELETIONS) {
        const table = `${b.schema}.${name}`;
        const theirs = await placesOf(bench, b, table);
        assert.ok(theirs.length > 0, `no canary in ${table}`);
        const text = `SELECT d FROM ctx.delete_rows('${b.schema}', '${name}', $1::tid[]) d WHERE d > 0`;
        await bench.inside(role, [a], async (client) => {
          await findsNothing(client, text, [theirs]);
          await refused(client, `SELECT ctx.delete_rows('ctx', '${name}', $1::tid[])`, [theirs]);
          await refused(
            client,
            `SELECT ctx.delete_rows(current_schema(), 'executions', $1::tid[])`,
            [theirs],
          );
          await refused(
            client,
            `SELECT ctx.delete_rows(current_schema(), 'flows; --', $1::tid[])`,
            [theirs],
          );
        });
        const before = await countOf(bench, b, table);
        await bench.inside(role, [b], (client) => works(client, text, [theirs]));
        assert.equal(await countOf(bench, b, table), before);
        await bench.connected(role, async (client) => {
          await refused(client, text, [theirs]);
        });
      }
      // The table of another service.
      await bench.inside('ef_api', [a], async (client) => {
        await refused(client, `SELECT ctx.delete_rows(current_schema(), 'usage_hourly', '{}')`);
      });
    },
  },
  {
    name: 'end_work_of_others',
    run: async (bench) => {
      const { a, b } = bench;
      for (const [role, kind] of [
        ['ef_writer', 'execution'],
        ['ef_registry', 'schedule'],
        ['ef_analytics', 'rollup'],
      ] as const) {
        const add = async (tenant: CanaryTenant, of: string): Promise<string> => {
          const [row] = await bench.database.superuser<{ place: string }>(
            `INSERT INTO ef.work (tenant_id, kind, id, due_at) VALUES ($1, $2, $3, now() + interval '1 hour') RETURNING ctid::text AS place`,
            [tenant.id, of, newId()],
          );
          return row?.place ?? '';
        };
        const own = await add(a, kind);
        const ownOther = await add(a, 'sweep');
        const theirs = await add(b, kind);
        const text = 'SELECT e FROM ctx.end_work($1::tid[]) e WHERE e > 0';
        await bench.inside(role, [a], async (client) => {
          await refused(client, text, [[theirs]]);
          await refused(client, text, [[own, theirs]]);
          await refused(client, text, [[ownOther]]);
          await refused(client, text, [[own, own]]);
          await works(client, text, [[own]]);
        });
        await bench.connected(role, (client) => refused(client, text, [[own]]));
      }
      const outbox = `SELECT ctx.forget_outbox($1::tid[])`;
      const theirs = await placesOf(bench, b, 'ef.outbox');
      assert.ok(theirs.length > 0);
      const before = await countOf(bench, b, 'ef.outbox');
      await bench.connected('ef_writer', async (client) => {
        await begin(client, [(await a.token('ef_writer')).token]);
        await client.query(outbox, [theirs]);
        await client.query('COMMIT');
      });
      assert.equal(await countOf(bench, b, 'ef.outbox'), before);
      for (const role of ['ef_api', 'ef_scheduler', 'ef_worker', 'ef_claim'] as const) {
        await bench.connected(role, (client) => refused(client, outbox, [theirs]));
      }
    },
  },
];
