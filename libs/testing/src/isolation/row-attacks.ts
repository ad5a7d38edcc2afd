import assert from 'node:assert/strict';
import { newId } from '@easyflow/kernel-ids';
import { ROLES } from '@easyflow/platform-database';
import { attempt, findsNothing, refused, works, type Attack } from './attack-bench';
import { tenantColumns } from './canaries';
import { claimOf, dueWork } from './lease-statements';
import { SESSION_ROLES } from './table-breaches';

const ENQUEUE = 'SELECT * FROM ctx.enqueue($1::uuid[], $2::text[], $3::uuid[], $4::smallint[], $5)';
/** As an executor claims, which counts the attempts. */
const CLAIM_COUNTED = 'SELECT * FROM ctx.claim($1, $2, $3::text[], $4, $5, 1)';
const KINDS: Readonly<Record<string, readonly string[]>> = {
  ef_writer: ['execution', 'rollup'],
  ef_registry: ['schedule'],
};

/** The id of the row that counts the hour so many hours from now. */
function hour(offset: number): string {
  const seconds = (Math.floor(Date.now() / 3_600_000) + offset) * 3_600;
  return `00000000-0000-7000-8000-${seconds.toString(16).padStart(12, '0')}`;
}

/** Rows that a tenant may write and that others would feel: in a batch, in a queue, in a schema that is not its own. */
export const ROW_ATTACKS: readonly Attack[] = [
  {
    // One row without an end failed every batch that read it, for all tenants.
    name: 'poison_timestamp',
    run: async (bench) => {
      let tried = 0;
      for (const schema of new Set(['ef', bench.a.schema])) {
        const columns = (await tenantColumns(bench.database, schema)).filter(
          ({ type, generated }) => type === 'timestamp with time zone' && !generated,
        );
        for (const role of SESSION_ROLES) {
          await bench.inside(role, [bench.a], async (client) => {
            for (const { table, column } of columns) {
              const name = `${schema}.${table}`;
              const { rows } = await client.query<{ may: boolean }>(
                `SELECT has_column_privilege($1, $2, 'UPDATE') AND has_column_privilege($1, 'tenant_id', 'SELECT') AS may`,
                [name, column],
              );
              if (!rows[0]?.may) continue;
              const update = `UPDATE ${name} SET "${column}" = $1 WHERE tenant_id = $2`;
              const control = await attempt(client, update, [new Date(), bench.a.id]);
              // Without a row of this tenant there is nothing to poison.
              if ('error' in control || control.result.rowCount === 0) continue;
              const values = ['-infinity', '0044-03-15 BC', 'infinity', '294276-12-31'];
              for (const value of values) {
                // Work that waits for a wake is due never.
                if (column === 'due_at' && !value.startsWith('-') && !value.endsWith('BC'))
                  continue;
                await refused(client, update, [value, bench.a.id], '23514');
                tried += 1;
              }
            }
          });
        }
      }
      assert.ok(tried > 12, `only ${tried} columns could be written`);
      const insert = `INSERT INTO executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, created_at)
        VALUES ($1, $2, $3, $4, '1.0.0', 'balanced', 'pending', $5)`;
      await bench.inside('ef_writer', [bench.a], async (client) => {
        for (const value of ['infinity', '-infinity', '294276-12-31', '0001-01-01']) {
          await refused(client, insert, [bench.a.id, newId(), 'n', 'f', value], '23514');
        }
        const long = 'x'.repeat(1_000);
        await refused(client, insert, [bench.a.id, newId(), long, 'f', new Date()], '23514');
        await refused(client, insert, [bench.a.id, newId(), 'n', long, new Date()], '23514');
        await works(client, insert, [bench.a.id, newId(), 'n', 'f', new Date()]);
        const outbox = `INSERT INTO ef.outbox (tenant_id, id, executions, segments) VALUES ($1, $2, $3::uuid[], $4::int[])`;
        for (const [ids, segments] of [
          [`{{${bench.a.canary}}}`, '{{1}}'],
          [`{${bench.a.canary}}`, '{1,2}'],
          [`{${bench.a.canary},NULL}`, '{1,2}'],
          [`[0:0]={${bench.a.canary}}`, '[0:0]={1}'],
        ]) {
          await refused(client, outbox, [bench.a.id, newId(), ids, segments], '23514');
        }
        await works(client, outbox, [bench.a.id, newId(), [bench.a.canary], [1]]);
      });
    },
  },
  {
    // A count that its column cannot add to failed the claim, or the flush, that read the row.
    name: 'poison_counter',
    run: async (bench) => {
      const [mine] = await dueWork(bench, bench.a, 1);
      const theirs = newId();
      await bench.database.superuser(
        `INSERT INTO ef.work (tenant_id, kind, id, due_at) VALUES ($1, 'execution', $2, now())`,
        [bench.b.id, theirs],
      );
      const owner = await bench.database.registerOwner('executor');
      const token = await bench.a.token('ef_writer');
      await bench.connected('ef_writer', async (client) => {
        await client.query('BEGIN');
        await client.query('SELECT ctx.begin($1)', [[token.token]]);
        const poison = 'UPDATE ef.work SET wake_seq = 2147483647, attempts = 2147483647';
        assert.equal((await client.query(poison)).rowCount, 1, 'the control poisoned nothing');
        await client.query('COMMIT');
      });
      const both = bench.a.schema === bench.b.schema ? [bench.a, bench.b] : [bench.a];
      await bench.inside('ef_writer', both, async (client) => {
        const ids = [mine, theirs].slice(0, both.length);
        const values = [both.map(({ id }) => id), both.map(() => 'execution'), ids];
        const flat = [...values, both.map(() => 0), both.map(() => null)];
        await works(client, ENQUEUE, flat);
      });
      await bench.connected('ef_claim', async (client) => {
        const claimed = await client.query<{ id: string }>(CLAIM_COUNTED, claimOf(owner));
        assert.deepEqual(claimed.rows.map(({ id }) => id).sort(), [mine, theirs].sort());
      });
    },
  },
  {
    // Made-up roll-ups of one tenant stopped the counting of usage for all.
    name: 'foreign_kind_enqueued',
    run: async (bench) => {
      const kinds = ['execution', 'schedule', 'rollup', 'release', 'sweep', 'outbox', 'unknown'];
      for (const role of SESSION_ROLES) {
        await bench.inside(role, [bench.a], async (client) => {
          for (const kind of kinds) {
            const id = kind === 'rollup' ? hour(0) : newId();
            const values = [[bench.a.id], [kind], [id], [0], [new Date()]];
            if (KINDS[role]?.includes(kind)) await works(client, ENQUEUE, values);
            else await refused(client, ENQUEUE, values);
          }
        });
      }
      await bench.inside('ef_writer', [bench.a], async (client) => {
        const prefix = '00000000-0000-7000-8000-';
        const absurd = [
          newId(),
          hour(2),
          hour(-2),
          `${prefix}000000000001`,
          `${prefix}ffffffffffff`,
        ];
        for (const id of absurd) {
          const mixed = [
            [bench.a.id, bench.a.id],
            ['execution', 'rollup'],
            [newId(), id],
            [0, 0],
          ];
          await refused(client, ENQUEUE, [...mixed, [null, null]], '22023');
        }
      });
      for (const role of ROLES.filter((each) => !SESSION_ROLES.includes(each))) {
        await bench.connected(role, (client) =>
          refused(client, ENQUEUE, [[bench.a.id], ['execution'], [newId()], [0], [null]]),
        );
      }
    },
  },
  {
    // Rows beside their placement are found by no move, no deletion and no backup of their tenant.
    name: 'foreign_placement_row',
    run: async (bench) => {
      const other = await bench.database.createTenant({ placement: 'schema' });
      const foreign = [`tenant_${other.id.replaceAll('-', '')}`];
      if (bench.a.schema !== 'ef') foreign.push('ef', bench.b.schema);
      const insert = (schema: string) =>
        `INSERT INTO ${schema}.executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status)
         VALUES ($1, $2, 'n', 'f', '1.0.0', 'balanced', 'pending')`;
      for (const role of ['ef_writer', 'ef_scheduler'] as const) {
        await bench.inside(role, [bench.a], async (client) => {
          for (const schema of foreign) {
            await refused(client, insert(schema), [bench.a.id, newId()]);
            await refused(client, insert(schema), [other.id, newId()]);
            // An empty table may be read without asking whose it is.
            await findsNothing(client, `SELECT tenant_id, id FROM ${schema}.executions`);
          }
          await works(client, insert(bench.a.schema), [bench.a.id, newId()]);
        });
      }
      await bench.inside('ef_registry', [bench.a], async (client) => {
        const flow = (schema: string) =>
          `INSERT INTO ${schema}.flows (tenant_id, namespace, name) VALUES ($1, 'n', 'f')`;
        for (const schema of foreign) await refused(client, flow(schema), [bench.a.id]);
        await works(client, flow(bench.a.schema), [bench.a.id]);
      });
    },
  },
];
