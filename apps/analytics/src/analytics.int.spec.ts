import { PriceList } from '@easyflow/domain-cost';
import { newId } from '@easyflow/kernel-ids';
import { logger } from '@easyflow/platform-telemetry';
import type { DatabaseAccess, Lease, LeaseOwner } from '@easyflow/tenant-context';
import { createTestDatabase, waitFor, type TestDatabase, type TestTenant } from '@easyflow/testing';
import { rollupId } from './rollup/rollup-hour';
import { LostLeaseError, RollupRepository } from './rollup/rollup.repository';
import { startAnalytics, type RunningAnalytics } from './start-analytics';

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
  access = await database.accessFor(['ef_claim', 'ef_analytics']);
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
    settings: { slot: '0', prices, pause: { minMs: 50, maxMs: 100 } },
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

  it('goes on after a restart', async () => {
    await running.close();
    await ended(a, earlier);
    await wake(a, earlier);
    running = await start();
    await waitFor(async () => (await usage(a)).length === 1, { describe: 'the count' });
  });

  it('drops idempotency keys that have expired with the last count of an hour', async () => {
    for (const [key, offset] of [
      ['old', '-1 hour'],
      ['new', '1 hour'],
    ]) {
      await database.superuser(
        `INSERT INTO ef.idempotency_keys VALUES ($1, $2, '', $3, 'hinted', now() + $4::interval)`,
        [a.id, key, newId(), offset],
      );
    }
    await wake(a, earlier);
    await waitFor(async () => !(await work(a, earlier)), { describe: 'the count' });
    const keys = await database.superuser(
      'SELECT key FROM ef.idempotency_keys WHERE tenant_id = $1',
      [a.id],
    );
    expect(keys).toEqual([{ key: 'new' }]);
  });
});

describe('a count', () => {
  let owner: LeaseOwner;
  const claim = async (): Promise<Lease> => {
    const [lease] = await access.claims.claim(owner, ['rollup'], 1);
    if (!lease) throw new Error('nothing to claim');
    return lease;
  };
  const recount = async (lease: Lease) => {
    const [token] = await access.claims.open(owner, [lease]);
    if (!token) throw new Error('no token');
    await new RollupRepository(access, new PriceList(prices)).recount(token, lease);
  };

  beforeEach(async () => {
    owner = await database.registerOwner('analytics', 'spec');
    await database.superuser(`DELETE FROM ef.work`);
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
});
