import type { Json } from '@easyflow/engine';
import { waitFor, type TestTenant } from '@easyflow/testing';
import { callTask, ExecutorRig, FakeCaller } from './executor-rig.test';

jest.setTimeout(60_000);

describe('the slots of an executor', () => {
  let rig: ExecutorRig;
  let noisy: TestTenant;
  let quiet: TestTenant;

  beforeAll(async () => {
    rig = await ExecutorRig.open();
    [noisy, quiet] = [await rig.database.createTenant(), await rig.database.createTenant()];
    await rig.flow(noisy, 'call', [{ call: callTask() }]);
    await rig.flow(quiet, 'pure', [{ one: { set: { n: '${ .n + 1 }' } } }]);
  });

  afterEach(() => rig.stopAll());
  afterAll(() => rig.close());

  it('are free while calls are under way', async () => {
    const { caller, answers } = held();
    const ids: string[] = [];
    for (let n = 0; n < 30; n += 1) ids.push(await rig.accept(noisy, 'call'));
    const executor = await rig.executor({ caller, settings: { maxInFlight: 10 } });
    await waitFor(() => answers.length === 30, { describe: 'three times as many calls as slots' });
    expect(executor.live.free).toBe(10);

    answers.forEach((resolve, n) => resolve({ n }));
    for (const id of ids) expect((await rig.ends(noisy, id)).status).toBe('completed');
  });

  it('are left for others by a tenant whose calls hang, however many it starts', async () => {
    const { caller, answers } = held();
    const hanging: string[] = [];
    for (let n = 0; n < 120; n += 1) hanging.push(await rig.accept(noisy, 'call'));
    const executor = await rig.executor({
      caller,
      settings: { maxInFlight: 10, maxInMemory: 40, pollMs: 50 },
    });
    await waitFor(() => answers.length === 20, { describe: 'its half to be taken' });

    for (let n = 0; n < 10; n += 1) {
      const id = await rig.accept(quiet, 'pure', { n });
      await executor.hinted();
      expect((await rig.ends(quiet, id)).output).toEqual({ n: n + 1 });
    }
    expect(answers).toHaveLength(20);
    // What is put back is not looked at again at every claim, and costs its executions no attempt.
    const [row] = await rig.database.superuser<{ later: number; attempts: number }>(
      `SELECT count(*) FILTER (WHERE due_at > now())::int AS later, max(attempts) FILTER (WHERE lease_owner IS NULL) AS attempts
       FROM ef.work WHERE tenant_id = $1 AND kind = 'execution'`,
      [noisy.id],
    );
    expect(row?.later).toBeGreaterThan(50);
    expect(row?.attempts).toBe(0);

    const open = setInterval(() => {
      for (const resolve of answers.splice(0)) resolve({});
    }, 20);
    try {
      await rig.database.superuser(
        `UPDATE ef.work SET due_at = now() WHERE tenant_id = $1 AND lease_owner IS NULL`,
        [noisy.id],
      );
      const left = (): Promise<number> =>
        rig.count(
          `SELECT count(*) FROM ef.executions WHERE id = ANY ($1) AND status <> 'completed'`,
          [hanging],
        );
      await waitFor(async () => (await left()) === 0, {
        timeout: 50_000,
        describe: async () => `${await left()} to complete`,
      });
    } finally {
      clearInterval(open);
    }
    expect(caller.calls).toHaveLength(120);
  });

  it('are left for a third tenant by two whose calls hang', async () => {
    const { caller } = held();
    const other = await rig.database.createTenant();
    await rig.flow(other, 'call', [{ call: callTask() }]);
    for (let n = 0; n < 60; n += 1) {
      await rig.accept(noisy, 'call');
      await rig.accept(other, 'call');
    }
    const executor = await rig.executor({
      caller,
      settings: { maxInFlight: 10, maxInMemory: 40, pollMs: 50 },
    });
    await waitFor(() => executor.live.size >= 25, { describe: 'the calls' });
    const id = await rig.accept(quiet, 'pure', { n: 1 });
    await executor.hinted();
    expect((await rig.ends(quiet, id)).output).toEqual({ n: 2 });
    await rig.database.superuser(`UPDATE ef.work SET due_at = 'infinity'`);
  });
});

/** Calls that end when the test says so. */
function held(): { caller: FakeCaller; answers: ((value: Json) => void)[] } {
  const caller = new FakeCaller();
  const answers: ((value: Json) => void)[] = [];
  caller.answer = () => new Promise((resolve) => answers.push(resolve));
  return { caller, answers };
}
