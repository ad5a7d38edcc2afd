import { PriceList } from '@easyflow/domain-cost';
import { newId } from '@easyflow/kernel-ids';
import { logger } from '@easyflow/platform-telemetry';
import type { DatabaseAccess, Lease, LeaseOwner, TenantSession } from '@easyflow/tenant-context';
import { createTestDatabase, waitFor, type TestDatabase, type TestTenant } from '@easyflow/testing';
import { rollupId } from './rollup/rollup-hour';
import { LostLeaseError } from './leases/lost-lease-error';
import { RollupRepository } from './rollup/rollup.repository';
import { startAnalytics, type RunningAnalytics } from './start-analytics';
import { SweepRepository } from './sweep/sweep.repository';

const HOUR = 3_600_000;
const thisHour = new Date(Math.floor(Date.now() / HOUR) * HOUR);
const earlier = new Date(thisHour.getTime() - 5 * HOUR);
const prices = { realtime: '0.004', balanced: '0.0035', eco: '0.003' };

let database: TestDatabase;
let access: DatabaseAccess;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  access = await database.accessFor(['ef_claim', 'ef_analytics', 'ef_writer']);
}, 60_000);
beforeEach(async () => {
  a = await database.createTenant();
  b = await database.createTenant({ placement: 'schema' });
});
afterAll(() => database.drop(), 30_000);

const schemaOf = (tenant: TestTenant) =>
  tenant === b ? `tenant_${b.id.replaceAll('-', '')}` : 'ef';

async function ended(
  tenant: TestTenant,
  at: Date,
  execution: { flow?: string; mode?: string; status?: string } = {},
): Promise<void> {
  const { flow = 'order', mode = 'balanced', status = 'completed' } = execution;
  await database.superuser(
    `INSERT INTO ${schemaOf(tenant)}.executions
       (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, ended_at)
     VALUES ($1, $2, 'shop', $3, '1.0.0', $4, $5, $6)`,
    [tenant.id, newId(), flow, mode, status, at],
  );
}

async function wake(tenant: TestTenant, hour: Date): Promise<void> {
  await database.superuser(
    `INSERT INTO ef.work (tenant_id, kind, id, due_at) VALUES ($1, 'rollup', $2, now())
     ON CONFLICT (tenant_id, kind, id) DO UPDATE SET wake_seq = ef.work.wake_seq + 1, due_at = now()`,
    [tenant.id, rollupId(hour)],
  );
}

const usage = (tenant: TestTenant) =>
  database.superuser<{ flow: string; mode: string; executions: string; cost: string }>(
    `SELECT flow_name AS flow, mode, executions::text, cost::text FROM ${schemaOf(tenant)}.usage_hourly
     WHERE tenant_id = $1 ORDER BY flow_name, mode`,
    [tenant.id],
  );
const work = async (tenant: TestTenant, hour: Date) => {
  const [row] = await database.superuser<{ due: boolean; wake_seq: number; due_at: Date }>(
    `SELECT due_at <= now() AS due, wake_seq, due_at FROM ef.work WHERE tenant_id = $1 AND id = $2`,
    [tenant.id, rollupId(hour)],
  );
  return row;
};
const start = async (): Promise<RunningAnalytics> =>
  startAnalytics({
    settings: { slot: '0', prices, pause: { minMs: 50, maxMs: 100 }, sweepPollMs: 50 },
    database: access,
    issuer: await database.issuerFor('analytics'),
    logger: logger('test', { level: 'silent' }),
  });

describe('analytics', () => {
  let running: RunningAnalytics;
  beforeEach(async () => {
    running = await start();
  });
  afterEach(() => running.close());

  it('counts completed executions by flow, mode and hour, and what they cost', async () => {
    const inside = [
      earlier,
      new Date(earlier.getTime() + HOUR - 1),
      new Date(earlier.getTime() + 1_000),
    ];
    for (const at of inside) await ended(a, at);
    await ended(a, earlier, { mode: 'eco' });
    await ended(a, earlier, { flow: 'refund', mode: 'realtime' });
    await ended(a, earlier, { status: 'faulted' });
    await ended(a, earlier, { status: 'cancelled' });
    await ended(a, new Date(earlier.getTime() - 1));
    await ended(a, new Date(earlier.getTime() + HOUR));
    await ended(b, earlier);
    await wake(a, earlier);
    await wake(b, earlier);
    await waitFor(async () => !(await work(a, earlier)) && !(await work(b, earlier)), {
      describe: 'both hours to be counted',
    });
    expect(await usage(a)).toEqual([
      { flow: 'order', mode: 'balanced', executions: '3', cost: '0.0105' },
      { flow: 'order', mode: 'eco', executions: '1', cost: '0.003' },
      { flow: 'refund', mode: 'realtime', executions: '1', cost: '0.004' },
    ]);
    expect(await usage(b)).toEqual([
      { flow: 'order', mode: 'balanced', executions: '1', cost: '0.0035' },
    ]);
  });

  it('counts an hour that goes on again with every wake, and once more after it', async () => {
    await ended(a, new Date());
    await wake(a, thisHour);
    const counted = (executions: string) =>
      waitFor(async () => (await usage(a))[0]?.executions === executions, {
        describe: `${executions} executions to be counted`,
      });
    await counted('1');
    await ended(a, new Date());
    await wake(a, thisHour);
    await counted('2');
    const row = await waitFor(
      async () => {
        const found = await work(a, thisHour);
        return found?.due === false ? found : undefined;
      },
      { describe: 'the last count to be put off' },
    );
    expect(row.due_at.getTime()).toBeGreaterThan(thisHour.getTime() + HOUR);
  });

  it('drops rows that name no hour, and counts the others’ hours past them', async () => {
    await running.close();
    const prefix = '00000000-0000-7000-8000-';
    const absurd = ['000000000001', 'ffffffffffff', '7fffffffff90', 'ffffffffffe0'].map(
      (tail) => prefix + tail,
    );
    const madeUp = [...absurd, ...Array.from({ length: 56 }, () => newId())];
    await database.superuser(
      `INSERT INTO ef.work (tenant_id, kind, id, due_at) SELECT $1, 'rollup', i, now() - interval '1 hour' FROM unnest($2::uuid[]) i`,
      [a.id, madeUp],
    );
    await ended(a, earlier);
    await ended(b, earlier);
    await wake(a, earlier);
    await wake(b, earlier);
    running = await start();
    await waitFor(async () => (await usage(a)).length === 1 && (await usage(b)).length === 1, {
      describe: 'the hours of both to be counted',
    });
    const left = 'SELECT id FROM ef.work WHERE id = ANY ($1::uuid[])';
    await waitFor(async () => (await database.superuser(left, [madeUp])).length === 0, {
      describe: 'the rows that name no hour to be gone',
    });
  });

  it('counts the hours of others beside one that cannot be counted', async () => {
    await running.close();
    await ended(a, earlier);
    await ended(b, earlier);
    // Its table has gone: every count of this tenant fails for as long as it lasts.
    await database.superuser(`ALTER TABLE ${schemaOf(b)}.usage_hourly RENAME TO usage_gone`);
    await wake(b, earlier);
    await database.superuser(
      `UPDATE ef.work SET due_at = now() - interval '1 hour' WHERE tenant_id = $1`,
      [b.id],
    );
    await wake(a, earlier);
    running = await start();
    await waitFor(async () => (await usage(a)).length === 1, {
      describe: 'the count of the other',
    });
    await database.superuser(`ALTER TABLE ${schemaOf(b)}.usage_gone RENAME TO usage_hourly`);
    await database.superuser(`UPDATE ef.work SET lease_until = NULL WHERE tenant_id = $1`, [b.id]);
    await waitFor(async () => (await usage(b)).length === 1, {
      describe: 'the count when it can be',
    });
  });

  it('goes on after a restart', async () => {
    await running.close();
    await ended(a, earlier);
    await wake(a, earlier);
    running = await start();
    await waitFor(async () => (await usage(a)).length === 1, { describe: 'the count' });
  });

  it('drops the idempotency keys that have expired, of tenants that do nothing any more too', async () => {
    const keys = async (tenant: TestTenant) => {
      const rows = await database.superuser<{ key: string }>(
        `SELECT key FROM ${schemaOf(tenant)}.idempotency_keys WHERE tenant_id = $1 ORDER BY key`,
        [tenant.id],
      );
      return rows.map(({ key }) => key);
    };
    for (const tenant of [a, b]) {
      await database.superuser(
        `INSERT INTO ${schemaOf(tenant)}.idempotency_keys
         SELECT $1, lpad(n::text, 4, '0'), '', $2, 'hinted', now() + CASE WHEN n % 500 = 7 THEN interval '1 hour' ELSE interval '-1 s' END
         FROM generate_series(1, 1200) n`,
        [tenant.id, newId()],
      );
    }
    await database.superuser(
      `UPDATE ef.work SET due_at = now() WHERE kind = 'sweep' AND tenant_id = ANY ($1)`,
      [[a.id, b.id]],
    );
    for (const tenant of [a, b]) {
      await waitFor(async () => (await keys(tenant)).length === 3, { describe: 'the sweep' });
      expect(await keys(tenant)).toEqual(['0007', '0507', '1007']);
    }
    const row = await waitFor(
      async () => {
        const [found] = await database.superuser<{ hours: number }>(
          `SELECT extract(epoch FROM due_at - now()) / 3600 AS hours FROM ef.work
           WHERE kind = 'sweep' AND tenant_id = $1 AND lease_owner IS NULL AND due_at > now()`,
          [a.id],
        );
        return found;
      },
      { describe: 'the next sweep to be put off' },
    );
    expect(Number(row.hours)).toBeGreaterThan(5);
    expect(Number(row.hours)).toBeLessThan(7);
  });
});

describe('a sweep', () => {
  it('passes by a key that is being bound anew, and leaves it', async () => {
    await database.superuser(
      `INSERT INTO ef.idempotency_keys
       SELECT $1, k, '', $2, 'hinted', now() - interval '1 s' FROM unnest('{held,free}'::text[]) k`,
      [a.id, newId()],
    );
    const sweeps = new SweepRepository(access);
    const writer = await a.token('ef_writer');
    await access.tenant(writer, async (session) => {
      await session.query({
        name: 'spec_bind',
        text: `UPDATE idempotency_keys SET expires_at = now() + interval '1 day' WHERE tenant_id = $1 AND key = 'held'`,
        values: [a.id],
      });
      expect(await sweeps.page(await a.token('ef_analytics'), '')).toMatchObject({
        seen: 2,
        dropped: 1,
      });
    });
    expect(await sweeps.page(await a.token('ef_analytics'), '')).toEqual({
      next: undefined,
      seen: 1,
      dropped: 0,
    });
  });
});

describe('a count', () => {
  const log = { error: jest.fn() };
  let owner: LeaseOwner;
  const claim = async (): Promise<Lease> => {
    const [lease] = await access.claims.claim(owner, ['rollup'], 1);
    if (!lease) throw new Error('nothing to claim');
    return lease;
  };
  const recount = async (lease: Lease) => {
    const [token] = await access.claims.open(owner, [lease]);
    if (!token) throw new Error('no token');
    await new RollupRepository(access, new PriceList(prices), log).count(token, lease);
  };

  beforeEach(async () => {
    owner = await database.registerOwner('analytics', 'spec');
    await database.superuser(`DELETE FROM ef.work`);
    log.error.mockClear();
    await ended(a, earlier);
    await wake(a, earlier);
  });

  it('does not lose a wake that came since the claim', async () => {
    const lease = await claim();
    await wake(a, earlier);
    await recount(lease);
    expect((await usage(a))[0]?.executions).toBe('1');
    expect(await work(a, earlier)).toMatchObject({ wake_seq: 1 });
  });

  it('changes nothing when another worker has claimed the hour since', async () => {
    const late = await claim();
    await database.superuser(`UPDATE ef.work SET claim_no = claim_no + 1 WHERE id = $1`, [
      rollupId(earlier),
    ]);
    await expect(recount(late)).rejects.toThrow(LostLeaseError);
    expect(await usage(a)).toEqual([]);
  });

  it('twice is the same as once', async () => {
    const lease = await claim();
    await wake(a, earlier);
    await recount(lease);
    await recount(lease);
    expect(await usage(a)).toEqual([
      { flow: 'order', mode: 'balanced', executions: '1', cost: '0.0035' },
    ]);
  });

  describe('of an hour that goes on', () => {
    /** The hour that runs when the spec begins; of one that is just over nothing is settled for two minutes. */
    const hour = new Date(Math.floor(Date.now() / HOUR) * HOUR);
    const counted = async () => (await usage(a))[0];
    const countOn = async () => {
      await wake(a, hour);
      const lease = await claim();
      await recount(lease);
      await access.claims.release(owner, [lease]);
    };
    const completeIn = (session: TenantSession) =>
      session.query({
        name: 'spec_complete',
        text: `INSERT INTO executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, ended_at)
               VALUES ($1, $2, 'shop', 'order', '1.0.0', 'balanced', 'completed',
                       least(clock_timestamp(), $3::timestamptz + interval '59 minutes 59 s'))`,
        values: [a.id, newId(), hour.toISOString()],
      });
    const complete = async () => {
      await access.tenant(await a.token('ef_writer'), completeIn);
    };

    beforeEach(() => database.superuser(`DELETE FROM ef.work`));

    it('adds what is new to what was counted, and does not read that again', async () => {
      await complete();
      await countOn();
      // Gone from the table: a count of the whole hour would not find it.
      await database.superuser(`DELETE FROM ef.executions WHERE tenant_id = $1`, [a.id]);
      await complete();
      await complete();
      await countOn();
      await countOn();
      expect(await counted()).toMatchObject({ executions: '3', cost: '0.0105' });
    });

    it('counts a completion that commits after later ones, once', async () => {
      await complete();
      await countOn();
      const { promise: late, resolve: commit } = Promise.withResolvers<void>();
      const { promise: written, resolve: wrote } = Promise.withResolvers<void>();
      const open = access.tenant(await a.token('ef_writer'), async (session) => {
        await completeIn(session);
        wrote();
        await late;
      });
      await written;
      for (const executions of ['2', '3', '4']) {
        await complete();
        await countOn();
        expect(await counted()).toMatchObject({ executions });
      }
      commit();
      await open;
      await countOn();
      expect(await counted()).toMatchObject({ executions: '5' });
      await countOn();
      await countOn();
      expect(await counted()).toMatchObject({ executions: '5', cost: '0.0175' });
    });

    it('reads only from when on there is anything new', async () => {
      const cursor = async () => {
        const [row] = await database.superuser<{ uncounted_from: Date }>(
          `SELECT uncounted_from FROM ef.usage_cursors WHERE tenant_id = $1`,
          [a.id],
        );
        return row?.uncounted_from.getTime() ?? 0;
      };
      await complete();
      await countOn();
      expect(await cursor()).toBe(hour.getTime());
      await database.superuser(
        `UPDATE ef.usage_cursors SET marked_at = $2::timestamptz + interval '2 s' WHERE tenant_id = $1`,
        [a.id, hour],
      );
      await countOn();
      expect(await cursor()).toBe(hour.getTime() + 1_000);
    });

    it('counts the whole hour when the cursor is another server’s', async () => {
      await complete();
      await countOn();
      await complete();
      await database.superuser(
        `UPDATE ef.usage_cursors SET snapshot = '9000000000:9000000000:', mark = '9000000000' WHERE tenant_id = $1`,
        [a.id],
      );
      await countOn();
      expect(await counted()).toMatchObject({ executions: '2' });
    });
  });

  it('of an hour that is over takes all of it, and says when what stood was wrong', async () => {
    await database.superuser(
      `INSERT INTO ef.usage_cursors (tenant_id, hour, snapshot, uncounted_from, mark, marked_at)
       SELECT $1, $2, pg_current_snapshot()::text, now(), '3', now()`,
      [a.id, earlier],
    );
    await recount(await claim());
    expect(await usage(a)).toEqual([
      { flow: 'order', mode: 'balanced', executions: '1', cost: '0.0035' },
    ]);
    expect(log.error).toHaveBeenCalledTimes(1);
    expect(await work(a, earlier)).toBeUndefined();
    const cursors = await database.superuser(
      `SELECT 1 FROM ef.usage_cursors WHERE tenant_id = $1`,
      [a.id],
    );
    expect(cursors).toEqual([]);
  });
});
