import assert from 'node:assert/strict';
import type { QueryResult } from 'pg';
import { attempt, refused, works, type Attack } from './attack-bench';
import { CLAIM, claimOf, dueWork, OPEN, openOf } from './lease-statements';

const EXECUTIONS = 'SELECT tenant_id FROM executions';

/** A context belongs to one transaction, and a slot's secret to whoever registered it last. */
export const BINDING_ATTACKS: readonly Attack[] = [
  {
    name: 'second_context',
    run: async (bench) => {
      for (const role of ['ef_api', 'ef_writer'] as const) {
        const a = await bench.a.token(role);
        const b = await bench.b.token(role);
        await bench.connected(role, async (client) => {
          await client.query('BEGIN');
          await client.query('SELECT ctx.begin($1)', [[a.token]]);
          await works(client, EXECUTIONS);
          for (const setting of ['ef.context', 'search_path']) {
            await client.query(`SELECT set_config($1, '', true)`, [setting]);
            await refused(client, 'SELECT ctx.begin($1)', [[b.token]]);
            await refused(client, 'SELECT ctx.begin($1)', [[a.token]]);
          }
          for (const value of ['', 'ef_0']) {
            await refused(client, `SELECT set_config('backtrace_functions', $1, true)`, [value]);
          }
          await client.query('ROLLBACK');
          await client.query('BEGIN');
          await client.query('SELECT ctx.begin($1)', [[b.token]]);
          await works(client, EXECUTIONS);
          await client.query('ROLLBACK');
        });
      }
    },
  },
  {
    // The transactions of one message share backend and timestamp.
    name: 'mac_in_one_message',
    run: async (bench) => {
      const { token } = await bench.b.token('ef_api');
      const open = `BEGIN; SELECT ctx.begin(ARRAY['${token}'])`;
      const keep = `SELECT set_config('ef.context', current_setting('ef.context'), false)`;
      const when = 'SELECT transaction_timestamp()::text AS at';
      await bench.connected('ef_api', async (client) => {
        // A text without values is one message of the simple protocol.
        await assert.rejects(
          client.query(`${open}; ${keep}; COMMIT; BEGIN; ${EXECUTIONS}; COMMIT`),
          { code: '42501' },
        );
        await client.query('ROLLBACK');
        await client.query('RESET ALL');
        await assert.rejects(client.query(`${open}; ${keep}; COMMIT; ${EXECUTIONS}`), {
          code: '42501',
        });
        await client.query('ROLLBACK');
      });
      await bench.connected('ef_api', async (client) => {
        const all = (await client.query(
          `${open}; ${when}; ${EXECUTIONS}; COMMIT; ${open}; ${when}; ${EXECUTIONS}; COMMIT`,
        )) as unknown as QueryResult<{ at: string }>[];
        const times = all.flatMap(({ rows }) => rows.flatMap(({ at }) => (at ? [at] : [])));
        assert.equal(times.length, 2);
        assert.equal(times[0], times[1], 'the control had two timestamps');
        const read = all.filter(({ command, rows }) => command === 'SELECT' && rows.length > 0);
        assert.ok(read.length >= 6, 'the control found nothing');
      });
    },
  },
  {
    // A snapshot from before a slot was taken over would go on to honour its old secret.
    name: 'open_repeatable_read',
    run: async (bench) => {
      const ids = await dueWork(bench, bench.b, 2);
      const slot = `rr-${bench.b.id.slice(0, 8)}`;
      const owner = await bench.database.registerOwner('executor', slot);
      const keys = openOf(owner, bench.b, ids);
      const numbers = ids.map(() => 1);
      const renew =
        'SELECT * FROM ctx.renew($1, $2, $3::uuid[], $4::text[], $5::uuid[], $6::int[])';
      const release = 'SELECT ctx.release($1, $2, $3::uuid[], $4::text[], $5::uuid[], $6::int[])';
      await bench.connected('ef_claim', async (client) => {
        await works(client, CLAIM, claimOf(owner));
        await works(client, OPEN, keys);
        for (const level of ['REPEATABLE READ', 'SERIALIZABLE']) {
          await client.query(`BEGIN ISOLATION LEVEL ${level}`);
          await client.query('SELECT 1');
          await refused(client, OPEN, keys);
          await refused(client, CLAIM, claimOf(owner));
          await refused(client, renew, [...keys, numbers]);
          await refused(client, release, [...keys, numbers]);
          await client.query('ROLLBACK');
        }
        await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
        await works(client, OPEN, keys);
        const next = await bench.database.registerOwner('executor', slot);
        assert.equal(next.owner, owner.owner);
        await refused(client, OPEN, keys);
        await client.query('ROLLBACK');
        const after = await attempt(client, CLAIM, claimOf(next));
        assert.ok('result' in after);
      });
    },
  },
];
