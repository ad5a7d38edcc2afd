import { MetricRecorder, waitFor, type TestTenant } from '@easyflow/testing';
import { callTask, ExecutorRig, FakeCaller } from './executor-rig.test';

jest.setTimeout(60_000);

describe('the metrics of an executor', () => {
  let recorder: MetricRecorder;
  let rig: ExecutorRig;
  let tenant: TestTenant;

  beforeAll(async () => {
    recorder = await MetricRecorder.start();
    rig = await ExecutorRig.open();
    tenant = await rig.database.createTenant();
  });

  afterAll(async () => {
    await rig.close();
    await recorder.stop();
  });

  it('count what happened', async () => {
    await rig.flow(tenant, 'pure', [{ one: { set: { n: '${ .n + 1 }' } } }]);
    await rig.flow(tenant, 'bad', [
      { raise: { raise: { error: { type: 'urn:test:bad', status: 400, title: 'Bad' } } } },
    ]);
    await rig.flow(tenant, 'calls', [{ first: callTask() }, { second: callTask() }]);
    const caller = new FakeCaller();
    let held: (() => void) | undefined;
    caller.answer = async ({ task }) => {
      if (task.endsWith('first')) return {};
      await new Promise<void>((resolve) => (held = resolve));
      throw new Error('no answer');
    };
    const ids = [
      await rig.accept(tenant, 'pure', { n: 1 }),
      await rig.accept(tenant, 'pure', { n: 2 }),
      await rig.accept(tenant, 'bad'),
    ];
    const calling = await rig.accept(tenant, 'calls');
    await rig.executor({ caller });
    for (const id of ids) await rig.ends(tenant, id);
    const finish = await waitFor(() => held, { describe: 'the second call' });

    // What has ended leaves memory a moment after its row says so.
    await waitFor(async () => (await recorder.values('easyflow.execution.in_flight'))[''] === 1, {
      describe: 'the other executions to leave memory',
    });
    finish();
    await rig.ends(tenant, calling);
    await waitFor(async () => (await recorder.values('easyflow.execution.in_flight'))[''] === 0, {
      describe: 'the last execution to leave memory',
    });

    expect(await recorder.values('easyflow.execution.ended')).toEqual({ completed: 2, faulted: 2 });
    expect(await recorder.values('easyflow.effect.performed')).toEqual({
      'callHttp succeeded': 1,
      'callHttp failed': 1,
    });
    const metrics = await recorder.read();
    expect(metrics.get('easyflow.claim.size')?.dataPoints[0]?.value).toMatchObject({ sum: 4 });
    const flushes = await recorder.values('easyflow.checkpoint.flush.duration');
    expect(Object.keys(flushes)).toEqual(['written']);
    expect(await recorder.values('easyflow.checkpoint.flush.size')).toEqual({
      '': flushes['written'],
    });
    expect((await recorder.values('easyflow.execution.start.delay'))['']).toBeGreaterThan(0);
    expect(metrics.has('easyflow.lease.lost')).toBe(false);
    expect(metrics.has('easyflow.checkpoint.flush.repeated')).toBe(false);
  });

  it('carry nothing of a tenant', async () => {
    const points = [...(await recorder.read()).values()].flatMap(({ dataPoints }) => [
      ...dataPoints,
    ]);
    const attributes = JSON.stringify(points.map((point) => point.attributes));
    expect(attributes).not.toContain(tenant.id);
    expect(attributes).not.toContain('pure');
  });

  it('tell of a lease that another process took', async () => {
    // Or one of before takes it, with answers of its own.
    await rig.stopAll();
    await rig.flow(tenant, 'slow', [{ call: callTask() }]);
    const caller = new FakeCaller();
    let called = false;
    caller.answer = () => {
      called = true;
      return new Promise(() => undefined);
    };
    const id = await rig.accept(tenant, 'slow');
    await rig.executor({ caller });
    await waitFor(() => called, { describe: 'the call' });
    await rig.database.superuser('UPDATE ef.work SET claim_no = claim_no + 1 WHERE id = $1', [id]);

    await waitFor(async () => (await recorder.values('easyflow.lease.lost'))['taken'] === 1, {
      describe: 'the lease to be missed',
      timeout: 20_000,
    });
  });
});
