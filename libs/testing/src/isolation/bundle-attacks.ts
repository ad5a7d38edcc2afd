import assert from 'node:assert/strict';
import { newId } from '@easyflow/kernel-ids';
import { attempt, refused, works, type Attack } from './attack-bench';
import { CLAIM, claimOf, dueWork, OPEN, openOf, rowsOf } from './lease-statements';

/** A bundle writes for its members and for nobody else, and a refused member does not fail the others. */
export const BUNDLE_ATTACKS: readonly Attack[] = [
  {
    name: 'bundle_widening',
    run: async (bench) => {
      const tokens = await Promise.all(
        [bench.a, bench.b].map((tenant) => tenant.token('ef_writer')),
      );
      const [a, b] = tokens as [(typeof tokens)[0], (typeof tokens)[0]];
      const enqueue = `SELECT * FROM ctx.enqueue($1::uuid[], '{execution}', $2::uuid[], '{0}', '{now}')`;
      await bench.connected('ef_writer', async (client) => {
        await client.query('BEGIN');
        await client.query('SELECT ctx.begin($1)', [[a.token]]);
        await refused(client, 'SELECT ctx.begin($1)', [[b.token]]);
        await refused(client, enqueue, [[bench.b.id], [newId()]]);
        await works(client, enqueue, [[bench.a.id], [newId()]]);
        await client.query('ROLLBACK');
        const many = Array.from({ length: 101 }, () => a.token);
        await refused(client, 'SELECT ctx.begin($1)', [many]);
        await refused(client, 'SELECT ctx.begin($1)', [[]]);
        await refused(client, 'SELECT ctx.begin(NULL)');
        await refused(client, 'SELECT ctx.begin($1)', [[a.token, null]]);
      });
    },
  },
  {
    // A bundle's context is worth nothing after its transaction, nor for another role or session.
    name: 'bundle_reuse',
    run: async (bench) => {
      const token = await bench.b.token('ef_writer');
      await bench.connected('ef_writer', async (client) => {
        await client.query('BEGIN');
        await client.query('SELECT ctx.begin($1)', [[token.token]]);
        const [row] = await rowsOf<{ context: string }>(
          client,
          `SELECT current_setting('ef.context') AS context`,
          [],
        );
        await works(client, 'SELECT id FROM executions');
        await client.query('COMMIT');
        for (const role of ['ef_writer', 'ef_api'] as const) {
          await bench.connected(role, async (other) => {
            await other.query('BEGIN');
            await other.query(`SELECT set_config('ef.context', $1, true)`, [row?.context]);
            await refused(other, 'SELECT id FROM executions');
          });
        }
        await bench.connected('ef_api', (other) =>
          refused(other, 'SELECT ctx.begin($1)', [[token.token]]),
        );
      });
    },
  },
  {
    name: 'writer_reads_data',
    run: async (bench) => {
      await bench.inside('ef_writer', [bench.b], async (client) => {
        for (const column of ['input', 'output', 'error', 'state']) {
          await refused(client, `SELECT ${column} FROM executions`);
          await refused(
            client,
            `UPDATE executions SET status = 'faulted' WHERE tenant_id = $1 RETURNING ${column}`,
            [bench.b.id],
          );
          await refused(client, `SELECT id FROM executions WHERE ${column} IS NOT NULL`);
        }
        await refused(client, 'SELECT * FROM executions');
        await refused(client, 'SELECT items FROM execution_history');
        await refused(client, 'SELECT events FROM execution_history');
        await refused(client, 'SELECT signal FROM execution_signals');
        for (const column of ['value', 'refs']) {
          await refused(client, `SELECT ${column} FROM execution_values`);
          await refused(client, `DELETE FROM execution_values WHERE ${column} IS NOT NULL`);
        }
        for (const table of [
          'flows',
          'flow_versions',
          'requests',
          'usage_hourly',
          'users',
          'api_keys',
          'tenants',
        ]) {
          await refused(client, `SELECT tenant_id FROM ef.${table}`);
        }
        await works(client, 'SELECT tenant_id, id, status, revision FROM executions');
      });
    },
  },
  {
    // A row of a batch whose pair is wrong is not touched, and its tenant's neighbours are.
    name: 'poison_row',
    run: async (bench) => {
      if (bench.a.schema !== bench.b.schema) return;
      await bench.inside('ef_writer', [bench.a, bench.b], async (client) => {
        const update = `UPDATE executions e SET status = 'faulted' FROM unnest($1::uuid[], $2::uuid[]) x (t, i) WHERE e.tenant_id = x.t AND e.id = x.i`;
        const mixed = await attempt(client, update, [
          [bench.a.id, bench.b.id],
          [bench.b.canary, bench.a.canary],
        ]);
        assert.equal('result' in mixed && mixed.result.rowCount, 0);
        const right = await attempt(client, update, [
          [bench.a.id, bench.b.id],
          [bench.a.canary, bench.b.canary],
        ]);
        assert.equal('result' in right && right.result.rowCount, 2);
      });
    },
  },
  {
    name: 'expired_member',
    run: async (bench) => {
      const live = await bench.a.token('ef_writer');
      const dying = await bench.b.token('ef_writer', 40);
      await bench.connected('ef_writer', async (client) => {
        await client.query('SELECT pg_sleep(0.06)');
        const outcome = await attempt(client, 'SELECT ctx.begin($1)', [[live.token, dying.token]]);
        assert.ok('error' in outcome && 'detail' in outcome.error);
        if (bench.a.schema === bench.b.schema)
          assert.equal(outcome.error.detail, `token.expired ${bench.b.id}`);
        await works(client, 'SELECT ctx.begin($1)', [[live.token]]);
      });
    },
  },
  {
    name: 'moving_member',
    run: async (bench) => {
      const ids = await dueWork(bench, bench.b, 2);
      const owner = await bench.database.registerOwner('executor');
      const token = await bench.b.token('ef_writer');
      const state = (value: string): Promise<unknown> =>
        bench.database.superuser('UPDATE ctx.placements SET state = $2 WHERE tenant_id = $1', [
          bench.b.id,
          value,
        ]);
      await bench.connected('ef_claim', async (claims) => {
        await bench.connected('ef_writer', async (client) => {
          for (const value of ['moving', 'suspended']) {
            await state(value);
            try {
              const outcome = await attempt(client, 'SELECT ctx.begin($1)', [[token.token]]);
              assert.ok('error' in outcome && 'detail' in outcome.error);
              assert.equal(outcome.error.detail, `tenant.${value} ${bench.b.id}`);
              assert.equal((await claims.query(CLAIM, claimOf(owner))).rowCount, 0);
            } finally {
              await state('active');
            }
          }
          // What the claims put off comes back by itself; here it is made due at once.
          await bench.database.superuser('UPDATE ef.work SET lease_until = NULL');
          assert.equal((await claims.query(CLAIM, claimOf(owner))).rowCount, ids.length);
          await state('moving');
          try {
            assert.equal((await claims.query(OPEN, openOf(owner, bench.b, ids))).rowCount, 0);
          } finally {
            await state('active');
          }
          assert.equal((await claims.query(OPEN, openOf(owner, bench.b, ids))).rowCount, 2);
          await works(client, 'SELECT ctx.begin($1)', [[token.token]]);
        });
      });
    },
  },
];
