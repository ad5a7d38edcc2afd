import { systemClock, type Clock } from '@easyflow/kernel-time';
import type { TestTenant } from '@easyflow/testing';
import { ExecutorRig, FakeCaller, callTask, quietLogger } from './executor-rig.test';

/** A machine whose wall clock is so far ahead of the database's. */
const skewed = (ms: number): Clock => ({
  now: () => systemClock.now() + ms,
  monotonic: () => systemClock.monotonic(),
});

describe.each([20_000, -20_000])('an executor whose clock is %s ms ahead', (skewMs) => {
  let rig: ExecutorRig;
  let tenant: TestTenant;

  beforeAll(async () => {
    rig = await ExecutorRig.open();
    tenant = await rig.database.createTenant();
    await rig.flow(tenant, 'pure', [{ one: { set: { n: 1 } } }]);
    await rig.flow(tenant, 'call', [{ call: callTask() }]);
    await rig.flow(tenant, 'wait', [{ nap: { wait: { seconds: 1 } } }, { one: { set: { n: 1 } } }]);
    await rig.flow(tenant, 'late', [
      { slow: { try: [{ call: callTask() }], catch: { retry: { delay: { seconds: 1 } } } } },
    ]);
    const access = await rig.database.accessFor(['ef_claim', 'ef_worker', 'ef_writer'], {
      machineClock: skewed(skewMs),
    });
    const clock = await access.watch(quietLogger);
    expect(Math.round(access.clock.skewMs / 1_000)).toBe(skewMs / 1_000);
    const caller = new FakeCaller();
    let calls = 0;
    caller.answer = async () => {
      calls += 1;
      if (calls === 2) throw new Error('not yet');
      return { calls };
    };
    await rig.executor({ access, caller, clock, settings: { pollMs: 50 } });
  }, 60_000);
  afterAll(() => rig.close(), 30_000);

  const seconds = async (id: string): Promise<number> => {
    const [row] = await rig.database.superuser<{ s: number }>(
      'SELECT extract(epoch FROM ended_at - created_at)::float8 AS s FROM ef.executions WHERE id = $1',
      [id],
    );
    return row?.s ?? NaN;
  };

  it('runs what is due, and calls', async () => {
    for (const flow of ['pure', 'call']) {
      const id = await rig.accept(tenant, flow);
      expect((await rig.ends(tenant, id)).status).toBe('completed');
    }
  });

  it.each(['wait', 'late'])('waits as long as the flow says: %s', async (flow) => {
    const id = await rig.accept(tenant, flow);
    expect((await rig.ends(tenant, id)).status).toBe('completed');
    expect(await seconds(id)).toBeGreaterThan(0.95);
    expect(await seconds(id)).toBeLessThan(10);
  });

  it('writes the times of the database', async () => {
    const id = await rig.accept(tenant, 'pure');
    await rig.ends(tenant, id);
    const items = (await rig.history(tenant, id)) as unknown as { at: string }[];
    expect(items.length).toBeGreaterThan(0);
    for (const { at } of items) {
      expect(Math.abs(Date.parse(at) - Date.now())).toBeLessThan(10_000);
    }
  });
});
