import assert from 'node:assert/strict';
import type { Client } from 'pg';
import {
  attempt,
  findsNothing,
  refused,
  works,
  type Attack,
  type AttackBench,
} from './attack-bench';

const EXECUTIONS = 'SELECT tenant_id, input FROM executions';

/** Begins a transaction in the contexts of raw tokens. */
async function begin(client: Client, ...tokens: string[]): Promise<void> {
  await client.query('BEGIN');
  await client.query('SELECT ctx.begin($1)', [tokens]);
}

/** Asserts that `ctx.begin` refuses the tokens. */
async function beginRefused(client: Client, ...tokens: string[]): Promise<void> {
  await client.query('BEGIN');
  await refused(client, 'SELECT ctx.begin($1)', [tokens]);
  // And that the failed attempt left no context behind.
  await refused(client, EXECUTIONS);
  await client.query('ROLLBACK');
}

async function context(client: Client): Promise<string> {
  const { rows } = await client.query<{ context: string }>(
    `SELECT current_setting('ef.context', true) AS context`,
  );
  return rows[0]?.context ?? '';
}

/** Control of an attack with tokens: the untouched one opens B's own context and shows its canary. */
async function control(bench: AttackBench, role: 'ef_api' = 'ef_api'): Promise<void> {
  await bench.inside(role, [bench.b], (client) => works(client, EXECUTIONS));
}

/** The context may be claimed by no other means than a live token of this role in this transaction. */
export const CONTEXT_ATTACKS: readonly Attack[] = [
  {
    name: 'forge_guc',
    run: async (bench) => {
      await bench.inside('ef_api', [bench.a], async (client) => {
        const own = await context(client);
        const forged = [
          bench.b.id,
          own.replaceAll(bench.a.id, bench.b.id),
          own.replace(bench.a.id, `${bench.a.id},${bench.b.id}`),
          `9999999999999.{${bench.b.id}}~`,
          `9999999999999.{${bench.b.id}}~${'0'.repeat(64)}`,
        ];
        for (const value of forged) {
          await client.query('SAVEPOINT forged');
          await client.query(`SELECT set_config('ef.context', $1, true)`, [value]);
          await refused(client, EXECUTIONS);
          await client.query('ROLLBACK TO forged');
        }
        await works(client, EXECUTIONS);
      });
      await control(bench);
    },
  },
  {
    name: 'tampered_token',
    run: async (bench) => {
      const { token } = await bench.a.token('ef_api');
      const victim = await bench.b.token('ef_api');
      const mac = token.split('~')[1];
      await bench.connected('ef_api', async (client) => {
        const tampered = [
          token.replace(bench.a.id, bench.b.id),
          `${victim.token.split('~')[0]}~${mac}`,
          token.replace(/\.(\d{13})~/, '.9999999999999~'),
          token.slice(0, -1) + (token.endsWith('0') ? '1' : '0'),
          token.split('~')[0] ?? '',
          '',
          'x',
        ];
        for (const each of tampered) await beginRefused(client, each);
        await begin(client, victim.token);
        await works(client, EXECUTIONS);
      });
    },
  },
  {
    name: 'expired_token',
    run: async (bench) => {
      const { token } = await bench.b.token('ef_api', 40);
      await bench.connected('ef_api', async (client) => {
        await client.query('SELECT pg_sleep(0.06)');
        await beginRefused(client, token);
      });
      await control(bench);
    },
  },
  {
    name: 'wrong_audience',
    run: async (bench) => {
      const { token } = await bench.b.token('ef_worker');
      await bench.connected('ef_api', (client) => beginRefused(client, token));
      await bench.connected('ef_worker', async (client) => {
        await begin(client, token);
        await works(client, EXECUTIONS);
      });
    },
  },
  {
    name: 'retired_key',
    run: async (bench) => {
      const { token } = await bench.b.token('ef_api');
      const kid = token.split('.')[0];
      await bench.connected('ef_api', async (client) => {
        await begin(client, token);
        await works(client, EXECUTIONS);
        await client.query('ROLLBACK');
        await bench.database.superuser(
          `UPDATE ctx.keys SET retired_at = clock_timestamp() WHERE kid = $1`,
          [kid],
        );
        try {
          await beginRefused(client, token);
        } finally {
          await bench.database.superuser('UPDATE ctx.keys SET retired_at = NULL WHERE kid = $1', [
            kid,
          ]);
        }
        await beginRefused(client, token.replace(`${kid}.`, 'context.'));
        await beginRefused(client, token.replace(`${kid}.`, 'unknown.'));
      });
    },
  },
  {
    name: 'stale_epoch',
    run: async (bench) => {
      const { token } = await bench.b.token('ef_api');
      const move = (by: number): Promise<unknown> =>
        bench.database.superuser(
          'UPDATE ctx.placements SET epoch = epoch + $2 WHERE tenant_id = $1',
          [bench.b.id, by],
        );
      await bench.connected('ef_api', async (client) => {
        await move(1);
        try {
          await beginRefused(client, token);
        } finally {
          await move(-1);
        }
        await begin(client, token);
        await works(client, EXECUTIONS);
      });
    },
  },
  {
    // The context that an earlier transaction had, replayed by a later one of the same session and of another.
    name: 'replayed_attempt',
    run: async (bench) => {
      const { token } = await bench.b.token('ef_api');
      await bench.connected('ef_api', async (client) => {
        await begin(client, token);
        const seen = await context(client);
        await works(client, EXECUTIONS);
        await client.query('COMMIT');
        await bench.connected('ef_api', async (other) => {
          for (const session of [client, other]) {
            await session.query('BEGIN');
            await session.query(`SELECT set_config('ef.context', $1, true)`, [seen]);
            await refused(session, EXECUTIONS);
            await session.query('ROLLBACK');
          }
        });
      });
    },
  },
  {
    name: 'two_tenants_one_transaction',
    run: async (bench) => {
      const a = await bench.a.token('ef_registry');
      const b = await bench.b.token('ef_registry');
      await bench.connected('ef_registry', async (client) => {
        await beginRefused(client, a.token, b.token);
        await begin(client, a.token);
        await refused(client, 'SELECT ctx.begin($1)', [[b.token]]);
        await works(client, 'SELECT 1 FROM flows');
      });
      // Where bundles exist they open only what the demultiplexer reads, never a table of one tenant.
      await bench.inside('ef_api', [bench.a], async (client) =>
        works(client, 'SELECT 1 FROM flows'),
      );
      if (bench.a.schema === bench.b.schema) {
        await bench.inside('ef_api', [bench.a, bench.b], async (client) => {
          await works(client, EXECUTIONS);
          await refused(client, 'SELECT 1 FROM flows');
          await refused(client, 'SELECT 1 FROM execution_history');
        });
      }
    },
  },
  {
    name: 'no_context',
    run: async (bench) => {
      const roles = [
        'ef_api',
        'ef_registry',
        'ef_worker',
        'ef_writer',
        'ef_scheduler',
        'ef_analytics',
      ] as const;
      for (const role of roles) {
        await bench.connected(role, async (client) => {
          const table = role === 'ef_registry' ? 'flows' : 'executions';
          // An error and not an empty answer, which would be taken for "there is nothing".
          await refused(client, `SELECT tenant_id FROM ${table}`);
          await client.query('BEGIN');
          await refused(client, `SELECT tenant_id FROM ${table}`);
        });
      }
      await control(bench);
    },
  },
  {
    name: 'empty_guc',
    run: async (bench) => {
      await bench.connected('ef_api', async (client) => {
        await begin(client, (await bench.b.token('ef_api')).token);
        await works(client, EXECUTIONS);
        await client.query('COMMIT');
        assert.equal(await context(client), '');
        await refused(client, EXECUTIONS);
      });
    },
  },
  {
    // A statement that changes the setting while it runs: its own policies were evaluated once, before.
    name: 'midstatement_flip',
    run: async (bench) => {
      await bench.inside('ef_api', [bench.a], async (client) => {
        const outcome = await attempt(
          client,
          `SELECT tenant_id FROM executions
            WHERE set_config('ef.context', replace(current_setting('ef.context'), '${bench.a.id}', '${bench.b.id}'), true) IS NOT NULL`,
        );
        if ('result' in outcome) {
          const tenants = outcome.result.rows.map((row: { tenant_id: string }) => row.tenant_id);
          assert.ok(
            tenants.every((id) => id === bench.a.id),
            'a foreign row after the flip',
          );
        }
        await client.query(
          `SELECT set_config('ef.context', replace(current_setting('ef.context'), $1, $2), true)`,
          [bench.a.id, bench.b.id],
        );
        await refused(client, EXECUTIONS);
      });
      await control(bench);
    },
  },
  {
    name: 'mac_after_commit',
    run: async (bench) => {
      await bench.connected('ef_api', async (client) => {
        await begin(client, (await bench.b.token('ef_api')).token);
        await works(client, EXECUTIONS);
        // Kept for the session, beyond the transaction it was made for.
        await client.query(`SELECT set_config('ef.context', current_setting('ef.context'), false)`);
        await client.query('COMMIT');
        await client.query('BEGIN');
        await refused(client, EXECUTIONS);
        await client.query('ROLLBACK');
        await refused(client, EXECUTIONS);
      });
    },
  },
  {
    name: 'mac_after_expiry',
    run: async (bench) => {
      await bench.connected('ef_api', async (client) => {
        const { token, expiresAt } = await bench.b.token('ef_api', 3_000);
        await begin(client, token);
        await works(client, EXECUTIONS);
        await client.query(
          'SELECT pg_sleep(greatest($1 / 1000.0 - extract(epoch FROM clock_timestamp()), 0) + 0.02)',
          [expiresAt],
        );
        await refused(client, EXECUTIONS);
      });
    },
  },
  {
    // ROLLBACK TO gives the lock back but the setting can be put again. The context stays one of this transaction,
    // of this tenant, until its expiry; a move therefore waits for transactions and not for locks alone.
    name: 'mac_after_savepoint',
    run: async (bench) => {
      await bench.connected('ef_api', async (client) => {
        await client.query('BEGIN');
        await client.query('SAVEPOINT before');
        await client.query('SELECT ctx.begin($1)', [[(await bench.a.token('ef_api')).token]]);
        const seen = await context(client);
        await client.query('ROLLBACK TO before');
        await refused(client, EXECUTIONS);
        await client.query(`SELECT set_config('ef.context', $1, true)`, [
          seen.replace(bench.a.id, bench.b.id),
        ]);
        await refused(client, EXECUTIONS);
        await client.query(`SELECT set_config('ef.context', $1, true)`, [seen]);
        await findsNothing(client, `${EXECUTIONS} WHERE tenant_id = '${bench.b.id}'`);
      });
    },
  },
  {
    name: 'other_isolation_level',
    run: async (bench) => {
      const { token } = await bench.b.token('ef_api');
      await bench.connected('ef_api', async (client) => {
        for (const level of ['REPEATABLE READ', 'SERIALIZABLE']) {
          await client.query(`BEGIN ISOLATION LEVEL ${level}`);
          await refused(client, 'SELECT ctx.begin($1)', [[token]]);
          await client.query('ROLLBACK');
        }
        await begin(client, token);
        await works(client, EXECUTIONS);
      });
    },
  },
  {
    name: 'key_exposure',
    run: async (bench) => {
      await bench.inside('ef_api', [bench.a], async (client) => {
        for (const table of [
          'keys',
          'placements',
          'owners',
          'owner_rooms',
          'lease_audit',
          'workloads',
          'used_delegations',
        ]) {
          await refused(client, `SELECT * FROM ctx.${table}`);
          await refused(client, `SELECT count(*) FROM ctx.${table}`);
        }
        await refused(client, `SELECT ctx.add_key('x', 'token')`);
        await refused(client, 'SELECT ctx.random_secret()');
        await refused(
          client,
          `SELECT ctx.sign('t1', ''::bytea, ''::bytea, $1::uuid, 'ef_api', 'x', 1, 9999999999999)`,
          [bench.b.id],
        );
        await refused(client, `SELECT ctx.mint($1::uuid, '{ef_api}', 'x', 1000)`, [bench.b.id]);
        // Statistics of the key table would show its bytes.
        const { rows } = await client.query(`SELECT 1 FROM pg_stats WHERE schemaname = 'ctx'`);
        assert.equal(rows.length, 0);
      });
      const issuer = await bench.database.superuser('SELECT kid FROM ctx.keys');
      assert.ok(issuer.length > 0, 'the control found no keys');
    },
  },
  {
    // Tokens travel as bind parameters: what others may see of a session shows none.
    name: 'activity_snoop',
    run: async (bench) => {
      const { token } = await bench.b.token('ef_api');
      await bench.connected('ef_api', async (client) => {
        await begin(client, token);
        const activity = await bench.database.superuser<{ query: string }>(
          `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND usename = 'ef_api'`,
        );
        assert.ok(
          activity.some(({ query }) => query.includes('ctx.begin')),
          'the control saw no begin',
        );
        assert.ok(
          activity.every(({ query }) => !query.includes(token.slice(-64))),
          'a token is visible',
        );
        await refused(client, 'SELECT query FROM pg_stat_activity');
        await refused(client, 'SELECT * FROM pg_stat_get_activity(NULL)');
      });
    },
  },
];
