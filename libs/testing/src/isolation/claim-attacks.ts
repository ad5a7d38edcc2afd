import assert from 'node:assert/strict';
import { newId } from '@easyflow/kernel-ids';
import { refused, works, type Attack } from './attack-bench';
import { CLAIM, claimOf, dueWork, OPEN, openOf, RENEW, rowsOf } from './lease-statements';

/** Leases are the only way of a worker to tokens, and only their owner's. */
export const CLAIM_ATTACKS: readonly Attack[] = [
  {
    name: 'claim_widening',
    run: async (bench) => {
      await dueWork(bench, bench.b, 1);
      await bench.database.superuser(
        `INSERT INTO ef.work (tenant_id, kind, id, due_at) VALUES ($1, 'rollup', $2, now()), ($1, 'schedule', $3, now())`,
        [bench.b.id, newId(), newId()],
      );
      const owner = await bench.database.registerOwner('executor');
      const analytics = await bench.database.registerOwner('analytics');
      await bench.connected('ef_claim', async (client) => {
        for (const kinds of [['rollup'], ['schedule'], ['execution', 'rollup'], ['%']]) {
          await refused(client, CLAIM, claimOf(owner, 10, 15_000, kinds));
        }
        const [lease] = await rowsOf<{ kind: string; id: string }>(
          client,
          CLAIM,
          claimOf(analytics, 10, 15_000, ['rollup']),
        );
        assert.equal(lease?.kind, 'rollup');
        const opened = await rowsOf<{ audience: string }>(client, OPEN, [
          analytics.owner,
          analytics.secret,
          [bench.b.id],
          ['rollup'],
          [lease?.id],
        ]);
        assert.deepEqual(
          opened.map((row) => row.audience),
          ['ef_analytics'],
        );
      });
    },
  },
  {
    name: 'claim_without_secret',
    run: async (bench) => {
      await dueWork(bench, bench.b, 1);
      const owner = await bench.database.registerOwner('executor');
      const stranger = await bench.database.registerOwner('executor');
      await bench.connected('ef_claim', async (client) => {
        for (const secret of ['', 'x', stranger.secret, owner.secret.toUpperCase(), null]) {
          await refused(client, CLAIM, [owner.owner, secret, ['execution'], 1, 1000]);
        }
        await refused(client, CLAIM, [null, null, ['execution'], 1, 1000]);
        await works(client, CLAIM, claimOf(owner));
      });
    },
  },
  {
    // A claim that is rolled back earns nothing: neither in its transaction nor after it.
    name: 'claim_rollback',
    run: async (bench) => {
      const ids = await dueWork(bench, bench.b, 2);
      const owner = await bench.database.registerOwner('executor');
      await bench.connected('ef_claim', async (client) => {
        await client.query('BEGIN');
        assert.equal((await client.query(CLAIM, claimOf(owner))).rowCount, 2);
        await refused(client, OPEN, openOf(owner, bench.b, ids));
        await client.query('ROLLBACK');
        assert.equal((await client.query(OPEN, openOf(owner, bench.b, ids))).rowCount, 0);
        const audited = 'SELECT 1 FROM ctx.lease_audit WHERE owner = $1';
        assert.deepEqual(await bench.database.superuser(audited, [owner.owner]), []);
        await client.query(CLAIM, claimOf(owner));
        assert.equal((await client.query(OPEN, openOf(owner, bench.b, ids))).rowCount, 2);
        assert.equal((await bench.database.superuser(audited, [owner.owner])).length, 1);
      });
    },
  },
  {
    name: 'claim_flood',
    run: async (bench) => {
      await dueWork(bench, bench.b, 5_600);
      const owner = await bench.database.registerOwner('executor');
      await bench.connected('ef_claim', async (client) => {
        for (const n of [501, 5_000, 0, -1, null]) {
          await refused(
            client,
            CLAIM,
            [owner.owner, owner.secret, ['execution'], n, 15_000],
            '22023',
          );
        }
        for (const leaseMs of [30_001, 0, -1, null]) {
          await refused(
            client,
            CLAIM,
            [owner.owner, owner.secret, ['execution'], 1, leaseMs],
            '22023',
          );
        }
        let held = 0;
        for (let round = 0; round < 12; round += 1) {
          held += (await client.query(CLAIM, claimOf(owner, 500, 30_000))).rowCount ?? 0;
        }
        assert.equal(held, 5_000);
        const other = await bench.database.registerOwner('executor');
        assert.equal((await client.query(CLAIM, claimOf(other, 500, 30_000))).rowCount, 500);
        // What has ended makes room again.
        await bench.database.superuser(
          `DELETE FROM ef.work WHERE ctid IN (SELECT ctid FROM ef.work WHERE lease_owner = $1 LIMIT 300)`,
          [owner.owner],
        );
        assert.equal((await client.query(CLAIM, claimOf(owner, 500, 30_000))).rowCount, 100);
      });
      await bench.database.superuser('DELETE FROM ef.work');
    },
  },
  {
    name: 'lease_forgery',
    run: async (bench) => {
      const [id] = await dueWork(bench, bench.a, 1);
      for (const role of [
        'ef_writer',
        'ef_api',
        'ef_scheduler',
        'ef_registry',
        'ef_analytics',
      ] as const) {
        await bench.inside(role, [bench.a], async (client) => {
          for (const change of [
            `lease_owner = 'me'`,
            `lease_until = now() + interval '1 hour'`,
            'claim_no = 99',
          ]) {
            await refused(client, `UPDATE work SET ${change} WHERE tenant_id = $1`, [bench.a.id]);
          }
          await refused(
            client,
            `INSERT INTO work (tenant_id, kind, id, due_at) VALUES ($1, 'execution', $2, now())`,
            [bench.a.id, newId()],
          );
          await works(client, 'UPDATE work SET wake_seq = wake_seq + 1 WHERE id = $1', [id]);
        });
      }
      await bench.inside('ef_writer', [bench.a], async (client) => {
        await refused(
          client,
          `INSERT INTO outbox (tenant_id, id, executions, segments, lease_owner) VALUES ($1, $2, '{}', '{}', 'me')`,
          [bench.a.id, newId()],
        );
        await works(
          client,
          "INSERT INTO outbox (tenant_id, id, executions, segments) VALUES ($1, $2, '{}', '{}')",
          [bench.a.id, newId()],
        );
      });
    },
  },
  {
    name: 'slot_takeover',
    run: async (bench) => {
      await dueWork(bench, bench.b, 3);
      const owner = await bench.database.registerOwner('executor', 'taken');
      await bench.connected('ef_claim', async (client) => {
        assert.equal((await client.query(CLAIM, claimOf(owner))).rowCount, 3);
        await bench.connected('ef_issuer', (issuer) =>
          refused(
            issuer,
            `SELECT ctx.register_owner($1, 'scheduler', '{schedule}', '{ef_scheduler}')`,
            [owner.owner],
          ),
        );
        await refused(
          client,
          `SELECT ctx.register_owner($1, 'executor', '{execution}', '{ef_worker}')`,
          [owner.owner],
        );
        // The workload itself may: then the old secret is worth nothing and the leases are free.
        const again = await bench.database.registerOwner('executor', 'taken');
        await refused(client, CLAIM, claimOf(owner));
        assert.equal((await client.query(CLAIM, claimOf(again))).rowCount, 3);
      });
      await bench.connected('ef_issuer', async (issuer) => {
        await refused(
          issuer,
          `SELECT ctx.register_owner('x', 'executor', '{rollup}', '{ef_worker}')`,
        );
        await refused(
          issuer,
          `SELECT ctx.register_owner('x', 'executor', '{execution}', '{ef_analytics}')`,
        );
        await refused(
          issuer,
          `SELECT ctx.register_owner('x', 'gateway', '{execution}', '{ef_worker}')`,
        );
        await works(
          issuer,
          `SELECT ctx.register_owner('x', 'executor', '{execution}', '{ef_worker}')`,
        );
      });
    },
  },
  {
    name: 'open_foreign_lease',
    run: async (bench) => {
      const ids = await dueWork(bench, bench.b, 2);
      const owner = await bench.database.registerOwner('executor');
      const other = await bench.database.registerOwner('executor');
      await bench.connected('ef_claim', async (client) => {
        await client.query(CLAIM, claimOf(owner));
        assert.equal((await client.query(OPEN, openOf(other, bench.b, ids))).rowCount, 0);
        assert.equal(
          (await client.query(RENEW, [...openOf(other, bench.b, ids), [1, 1]])).rowCount,
          0,
        );
        // Ids of the lease with the name of another tenant, and with another kind.
        assert.equal((await client.query(OPEN, openOf(owner, bench.a, ids))).rowCount, 0);
        const wrongKind = [owner.owner, owner.secret, [bench.b.id], ['schedule'], [ids[0]]];
        assert.equal((await client.query(OPEN, wrongKind)).rowCount, 0);
        assert.equal((await client.query(OPEN, openOf(owner, bench.b, ids))).rowCount, 2);
      });
    },
  },
  {
    name: 'open_expired_lease',
    run: async (bench) => {
      const ids = await dueWork(bench, bench.b, 1);
      const owner = await bench.database.registerOwner('executor');
      await bench.connected('ef_claim', async (client) => {
        const [lease] = await rowsOf<{ lease_until: Date }>(client, CLAIM, claimOf(owner));
        const opened = await rowsOf<{ expires_at: Date }>(
          client,
          OPEN,
          openOf(owner, bench.b, ids),
        );
        assert.equal(opened.length, 2);
        // A token ends with the lease.
        for (const { expires_at } of opened) assert.deepEqual(expires_at, lease?.lease_until);
        await bench.database.superuser(
          `UPDATE ef.work SET lease_until = clock_timestamp() WHERE id = $1`,
          [ids[0]],
        );
        assert.equal((await client.query(OPEN, openOf(owner, bench.b, ids))).rowCount, 0);
        assert.equal(
          (await client.query(RENEW, [...openOf(owner, bench.b, ids), [1]])).rowCount,
          0,
        );
      });
    },
  },
  {
    name: 'gateway_claims',
    run: async (bench) => {
      const ids = await dueWork(bench, bench.b, 1);
      const owner = await bench.database.registerOwner('executor');
      for (const role of [
        'ef_api',
        'ef_writer',
        'ef_registry',
        'ef_worker',
        'ef_scheduler',
        'ef_analytics',
        'ef_issuer',
      ] as const) {
        await bench.connected(role, async (client) => {
          await refused(client, CLAIM, claimOf(owner));
          await refused(client, OPEN, openOf(owner, bench.b, ids));
          await refused(client, RENEW, [...openOf(owner, bench.b, ids), [1]]);
        });
      }
      await bench.connected('ef_claim', (client) => works(client, CLAIM, claimOf(owner)));
    },
  },
  {
    // What runs on a claim connection reaches no table, whatever is injected into it.
    name: 'injected_claim',
    run: async (bench) => {
      const [id] = await dueWork(bench, bench.b, 1);
      const owner = await bench.database.registerOwner('executor');
      await bench.connected('ef_claim', async (client) => {
        for (const table of ['work', 'outbox', 'executions', 'tenants']) {
          await refused(client, `SELECT * FROM ef.${table}`);
        }
        await refused(client, `SELECT ctx.begin('{x}')`);
        await refused(client, `SELECT ctx.enqueue('{}', '{}', '{}', '{}', '{}')`);
        const names = [`${owner.owner}' OR '1'='1`, `%`, `${owner.owner}' --`];
        for (const name of names)
          await refused(client, CLAIM, [name, owner.secret, ['execution'], 1, 1000]);
        const [lease] = await rowsOf<{ id: string }>(client, CLAIM, claimOf(owner));
        assert.equal(lease?.id, id);
      });
    },
  },
];
