import type { Json } from '@easyflow/engine';
import type { RateDecision, RateLimiter } from '@easyflow/platform-limiter';
import { waitFor, type TestTenant } from '@easyflow/testing';
import { ExecutorRig, FakeCaller } from './executor-rig.test';

jest.setTimeout(60_000);

/** As many starts as the test gives. */
class GivenStarts implements RateLimiter {
  free = 0;
  refused = 0;
  readonly rates = new Set<number>();

  async take(_tenantId: string, perSecond: number, cost = 1): Promise<RateDecision> {
    this.rates.add(perSecond);
    if (this.free >= cost) {
      this.free -= cost;
      return { allowed: true, retryAfterMs: 0 };
    }
    this.refused += 1;
    return { allowed: false, retryAfterMs: 20 };
  }

  async close(): Promise<void> {}
}

describe('sub-flows over the rate of their tenant', () => {
  let rig: ExecutorRig;
  let tenant: TestTenant;
  let starts: GivenStarts;

  beforeAll(async () => {
    rig = await ExecutorRig.open();
  });
  beforeEach(async () => {
    tenant = await rig.database.createTenant({ limits: { requestsPerSecond: 50 } });
    starts = new GivenStarts();
    await rig.flow(tenant, 'child', [{ one: { set: { n: '${ .n }' } } }]);
  });
  afterEach(() => rig.stopAll());
  afterAll(() => rig.close());

  const refusedOnce = () => waitFor(() => starts.refused > 0, { describe: 'a refusal', every: 5 });

  it('begin later, each once, and what waits is in the database, not in memory', async () => {
    await rig.flow(tenant, 'parent', [detached('a'), detached('b'), awaited('c')]);
    const id = await rig.accept(tenant, 'parent', { n: 1 });
    const executor = await rig.executor({ starts });
    await waitFor(() => starts.refused > 2 && executor.live.empty, { describe: 'the wait' });
    expect(await count()).toBe(1);
    expect(await rig.work(tenant, id)).toBeDefined();
    expect(starts.rates).toEqual(new Set([50]));

    starts.free = 3;
    expect(await rig.ends(tenant, id)).toMatchObject({ status: 'completed', output: { n: 1 } });
    await waitFor(async () => (await count('completed')) === 4, { describe: 'the children' });
    expect(await count()).toBe(4);
    const started = (await rig.history(tenant, id)).filter(({ type }) => type === 'taskStarted');
    expect(started).toHaveLength(3);
  });

  it('do not repeat the call before them', async () => {
    const call = { call: 'http', with: { method: 'post', endpoint: 'http://a.example/' } };
    await rig.flow(tenant, 'caller', [{ call }, detached('a')]);
    const caller = new FakeCaller();
    const id = await rig.accept(tenant, 'caller', { n: 1 });
    await rig.executor({ starts, caller });
    await refusedOnce();
    starts.free = 1;
    expect((await rig.ends(tenant, id)).status).toBe('completed');
    expect(caller.calls).toHaveLength(1);
    await waitFor(async () => (await count('completed')) === 2, { describe: 'the child' });
  });

  it('of a loop begin a few at a time', async () => {
    await rig.flow(tenant, 'loop', [
      { each: { for: { each: 'x', in: '${ [range(100)] }' }, do: [detached('a')] } },
    ]);
    const id = await rig.accept(tenant, 'loop', { n: 1 });
    starts.free = 45;
    await rig.executor({ starts });
    await waitFor(async () => (await count()) > 20, { describe: 'the first of them' });
    await waitFor(() => starts.free < 20 && starts.refused > 1, { describe: 'the wait' });
    expect(await count()).toBeLessThanOrEqual(46);
    starts.free = 1_000;
    expect((await rig.ends(tenant, id)).status).toBe('completed');
    await waitFor(async () => (await count('completed')) === 101, { describe: 'all of them' });
    expect(await count()).toBe(101);
  });

  it('are cancelled while they wait', async () => {
    await rig.flow(tenant, 'parent', [detached('a')]);
    const id = await rig.accept(tenant, 'parent', { n: 1 });
    await rig.executor({ starts });
    await refusedOnce();
    await rig.signal(tenant, id, { kind: 'cancel' });
    expect((await rig.ends(tenant, id)).status).toBe('cancelled');
    expect(await count()).toBe(1);
  });

  it('keep a flow that starts itself twice within the rate', async () => {
    const own = await rig.database.createTenant({ limits: { requestsPerSecond: 5 } });
    await rig.flow(own, 'twice', [detached('a', 'twice'), detached('b', 'twice')]);
    const since = performance.now();
    await rig.accept(own, 'twice', { n: 1 });
    await rig.executor();
    const total = async () => {
      const [row] = await rig.database.superuser<{ n: number }>(
        'SELECT count(*)::int AS n FROM ef.executions WHERE tenant_id = $1',
        [own.id],
      );
      return row?.n ?? 0;
    };
    await waitFor(async () => (await total()) >= 12, { describe: 'twelve executions' });
    // Five at once, then five a second; a turn may begin two.
    const most = 1 + 5 + 2 + (5 * (performance.now() - since)) / 1_000;
    expect(await total()).toBeLessThanOrEqual(most + 5);
    const [faulted] = await rig.database.superuser<{ n: number }>(
      `SELECT count(*)::int AS n FROM ef.executions WHERE tenant_id = $1 AND status = 'faulted'`,
      [own.id],
    );
    expect(faulted?.n).toBe(0);
  });

  async function count(status = '%'): Promise<number> {
    const [row] = await rig.database.superuser<{ n: number }>(
      'SELECT count(*)::int AS n FROM ef.executions WHERE tenant_id = $1 AND status LIKE $2',
      [tenant.id, status],
    );
    return row?.n ?? 0;
  }
});

function awaited(task: string, flow = 'child'): { [key: string]: Json } {
  const workflow = { namespace: 'test', name: flow, version: '1.0.0', input: { n: '${ .n }' } };
  return { [task]: { run: { workflow } } };
}

function detached(task: string, flow = 'child'): { [key: string]: Json } {
  const { run } = awaited(task, flow)[task] as { run: { [key: string]: Json } };
  return { [task]: { run: { ...run, await: false } } };
}
