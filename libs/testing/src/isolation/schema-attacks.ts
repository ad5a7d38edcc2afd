import assert from 'node:assert/strict';
import { newId } from '@easyflow/kernel-ids';
import { attempt, findsNothing, refused, works, type Attack } from './attack-bench';

const INSERT_SIGNAL =
  'INSERT INTO execution_signals (tenant_id, id, execution_id, signal) VALUES ($1, $2, $3, $4)';

/** Attacks on tables and the server that need more than a plain statement; the plain ones are in `tableReport`. */
export const SCHEMA_ATTACKS: readonly Attack[] = [
  {
    // A foreign key tells no more of B's rows than of rows that do not exist.
    name: 'fk_oracle',
    run: async (bench) => {
      await bench.inside('ef_api', [bench.a], async (client) => {
        const answers = [];
        for (const execution of [bench.b.canary, newId()]) {
          const outcome = await attempt(client, INSERT_SIGNAL, [
            bench.a.id,
            newId(),
            execution,
            '{}',
          ]);
          assert.ok('error' in outcome, 'a signal for an execution of another tenant was stored');
          answers.push(outcome.error.code);
        }
        assert.deepEqual(answers, ['23503', '23503']);
        await works(client, INSERT_SIGNAL, [bench.a.id, newId(), bench.a.canary, '{}']);
      });
    },
  },
  {
    // The key of B's row is free in A: a unique key holds within a tenant.
    name: 'unique_oracle',
    run: async (bench) => {
      await bench.inside('ef_api', [bench.a], async (client) => {
        const insert = `INSERT INTO requests (tenant_id, id, service, pattern, body) VALUES ($1, $2, 's', 'p', '{}')`;
        await works(client, insert, [bench.a.id, bench.b.canary]);
        await refused(client, insert, [bench.a.id, bench.a.canary], '23505');
      });
    },
  },
  {
    name: 'upsert_hidden',
    run: async (bench) => {
      const upsert = `INSERT INTO idempotency_keys (tenant_id, key, request_hash, execution_id, dispatch, expires_at)
        VALUES ($1, 'canary', '\\x00', $2, 'stolen', now()) ON CONFLICT (tenant_id, key) DO UPDATE SET dispatch = 'stolen'`;
      await bench.inside('ef_writer', [bench.a], (client) =>
        refused(client, upsert, [bench.b.id, newId()]),
      );
      await bench.inside('ef_writer', [bench.b], (client) =>
        works(client, upsert, [bench.b.id, newId()]),
      );
    },
  },
  {
    name: 'tenant_id_update',
    run: async (bench) => {
      await bench.inside('ef_writer', [bench.a], async (client) => {
        await refused(client, 'UPDATE executions SET tenant_id = $1 WHERE tenant_id = $2', [
          bench.b.id,
          bench.a.id,
        ]);
        await works(client, `UPDATE executions SET status = 'completed' WHERE tenant_id = $1`, [
          bench.a.id,
        ]);
      });
      await bench.inside('ef_analytics', [bench.a], async (client) => {
        await refused(client, 'UPDATE usage_cursors SET tenant_id = $1', [bench.b.id]);
        await works(client, 'UPDATE usage_cursors SET mark = mark');
      });
    },
  },
  {
    name: 'partition_direct',
    run: async (bench) => {
      const partitions = await bench.database.superuser<{ name: string }>(
        `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relispartition AND c.relkind IN ('r', 'p')`,
      );
      await bench.inside('ef_api', [bench.a], async (client) => {
        for (const { name } of partitions) {
          await findsNothing(
            client,
            `SELECT tenant_id FROM ${name} WHERE tenant_id = '${bench.b.id}'`,
          );
        }
      });
    },
  },
  {
    name: 'view_owner',
    run: async (bench) => {
      await bench.inside('ef_api', [bench.a], async (client) => {
        for (const kind of ['VIEW', 'MATERIALIZED VIEW']) {
          await refused(client, `CREATE ${kind} ef.leak AS SELECT tenant_id FROM ef.flows`);
          await refused(client, `CREATE ${kind} public.leak AS SELECT tenant_id FROM ef.flows`);
        }
        await works(client, 'SELECT 1 FROM flows');
      });
    },
  },
  {
    name: 'security_definer',
    run: async (bench) => {
      await bench.inside('ef_api', [bench.a], async (client) => {
        for (const language of ['sql', 'plpgsql']) {
          const body = language === 'sql' ? 'SELECT 1' : 'BEGIN RETURN 1; END';
          await refused(
            client,
            `CREATE FUNCTION ef.leak() RETURNS int LANGUAGE ${language} SECURITY DEFINER AS '${body}'`,
          );
        }
        await refused(
          client,
          `SELECT ef.create_placement('tenant_00000000000000000000000000000000')`,
        );
        await refused(client, 'DO $$ BEGIN END $$');
      });
    },
  },
  {
    name: 'truncate_grant',
    run: async (bench) => {
      await bench.inside('ef_writer', [bench.a], async (client) => {
        for (const table of ['executions', 'work', 'outbox', 'execution_signals']) {
          await refused(client, `TRUNCATE ${table}`);
          await refused(client, `ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`);
          await refused(client, `DROP TABLE ${table}`);
          await refused(
            client,
            `CREATE TRIGGER t AFTER INSERT ON ${table} EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
          );
        }
      });
    },
  },
  {
    name: 'copy_from',
    run: async (bench) => {
      await bench.inside('ef_api', [bench.a], async (client) => {
        await refused(client, `COPY executions TO PROGRAM 'cat'`);
        await refused(client, `COPY executions TO '/tmp/leak'`);
        await refused(client, `COPY executions FROM '/etc/passwd'`);
        // Postgres has no COPY FROM under row-level security at all.
        await refused(client, 'COPY requests FROM STDIN', [], '0A000');
        await works(client, 'SELECT 1 FROM executions');
      });
    },
  },
  {
    name: 'row_security_off',
    run: async (bench) => {
      await bench.inside('ef_api', [bench.a], async (client) => {
        await client.query('SAVEPOINT off');
        await client.query('SET LOCAL row_security = off');
        await refused(client, 'SELECT tenant_id FROM flows');
        await client.query('ROLLBACK TO off');
        await works(client, 'SELECT tenant_id FROM flows');
      });
    },
  },
  {
    // A predicate with side effects must not see rows that the policy hides.
    name: 'leaky_predicate',
    run: async (bench) => {
      const leak = `SELECT 1 FROM executions WHERE input::text LIKE '%' || $1 || '%' AND 1 / (CASE WHEN tenant_id = $1::uuid THEN 0 ELSE 1 END) = 1`;
      await bench.inside('ef_api', [bench.a], (client) => findsNothing(client, leak, [bench.b.id]));
      await bench.inside('ef_api', [bench.b], (client) =>
        refused(client, leak, [bench.b.id], '22012'),
      );
      await bench.inside('ef_api', [bench.a], async (client) => {
        const { rows } = await client.query(
          `SELECT most_common_vals FROM pg_stats WHERE schemaname = $1`,
          [bench.b.schema],
        );
        assert.equal(rows.length, 0, 'statistics of protected tables are visible');
      });
    },
  },
  {
    name: 'large_object',
    run: async (bench) => {
      await bench.inside('ef_api', [bench.a], async (client) => {
        await refused(client, 'SELECT lo_create(0)');
        await refused(client, `SELECT lo_from_bytea(0, '\\x00')`);
        await refused(client, `SELECT lo_export(1, '/tmp/leak')`);
      });
    },
  },
  {
    name: 'advisory_dos',
    run: async (bench) => {
      await bench.inside('ef_api', [bench.a], async (client) => {
        const key = `uuid_hash_extended('${bench.b.id}', 20250)`;
        for (const name of [
          'pg_advisory_lock',
          'pg_advisory_xact_lock',
          'pg_try_advisory_lock',
          'pg_try_advisory_xact_lock',
          'pg_try_advisory_xact_lock_shared',
        ]) {
          await refused(client, `SELECT ${name}(${key})`);
        }
      });
      await bench.inside('ef_api', [bench.b], (client) => works(client, 'SELECT 1 FROM flows'));
    },
  },
  {
    name: 'terminate_peer',
    run: async (bench) => {
      await bench.inside('ef_api', [bench.b], async (victim) => {
        const { rows } = await victim.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await bench.inside('ef_api', [bench.a], async (client) => {
          await refused(client, 'SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
          await refused(client, 'SELECT pg_cancel_backend($1)', [rows[0]?.pid]);
        });
        await works(victim, 'SELECT 1 FROM flows');
      });
    },
  },
  {
    name: 'notify_snoop',
    run: async (bench) => {
      await bench.connected('ef_api', async (listener) => {
        const heard: string[] = [];
        listener.on('notification', (message) => heard.push(message.channel));
        const channels = await bench.database.superuser<{ channel: string }>(
          'SELECT pg_listening_channels() AS channel',
        );
        assert.deepEqual(channels, []);
        await listener.query('LISTEN executions');
        await listener.query('LISTEN work');
        await bench.inside('ef_writer', [bench.b], (client) =>
          works(client, `UPDATE executions SET status = 'completed' WHERE tenant_id = $1`, [
            bench.b.id,
          ]),
        );
        await listener.query('SELECT 1');
        assert.deepEqual(heard, []);
      });
    },
  },
];
