import type { Json } from '@easyflow/engine';
import type { TestTenant } from '@easyflow/testing';
import { callTask, ExecutorRig, FakeCaller } from './executor-rig.test';

jest.setTimeout(60_000);

describe('an executor', () => {
  let rig: ExecutorRig;
  let tenant: TestTenant;

  beforeAll(async () => {
    rig = await ExecutorRig.open();
    tenant = await rig.database.createTenant();
    await rig.flow(tenant, 'pure', [
      { one: { set: { n: '${ .n + 1 }' } } },
      { two: { set: { n: '${ .n * 2 }' } } },
      { three: { set: { n: '${ .n + 3 }' } } },
    ]);
  });

  afterEach(() => rig.stopAll());
  afterAll(() => rig.close());

  it('runs a pure flow to its end with one checkpoint', async () => {
    const id = await rig.accept(tenant, 'pure', { n: 1 });
    await rig.executor();

    const row = await rig.ends(tenant, id);

    expect(row).toMatchObject({ status: 'completed', output: { n: 7 }, error: null, revision: 1 });
    const history = await rig.history(tenant, id);
    expect(history.map((item) => item.sequence)).toEqual(history.map((_, index) => index + 1));
    expect(history.at(-1)?.type).toBe('executionEnded');
    expect(await rig.work(tenant, id)).toBeUndefined();
  });

  it('runs executions of tenants with a schema of their own', async () => {
    const other = await rig.database.createTenant({ placement: 'schema' });
    await rig.flow(other, 'pure', [{ one: { set: { own: '${ .n }' } } }]);
    const ids = [
      await rig.accept(other, 'pure', { n: 5 }),
      await rig.accept(tenant, 'pure', { n: 5 }),
    ];
    await rig.executor();

    expect((await rig.ends(other, ids[0] as string)).output).toEqual({ own: 5 });
    expect((await rig.ends(tenant, ids[1] as string)).output).toEqual({ n: 15 });
  });

  it('stores what JSON allows and Postgres text does not', async () => {
    const odd = JSON.parse('{"nul":"a\\u0000b","lone":"\\ud800","\\u0000key":1}') as Json;
    await rig.flow(tenant, 'same', [{ keep: { set: '${ . }' } }]);
    const id = await rig.accept(tenant, 'same', odd);
    await rig.executor();

    expect(await rig.ends(tenant, id)).toMatchObject({ status: 'completed', output: odd });
  });

  it('faults an execution whose flow does not exist any more', async () => {
    const id = await rig.accept(tenant, 'nowhere');
    await rig.executor();

    const row = await rig.ends(tenant, id);
    expect(row.status).toBe('faulted');
    expect(row.error?.detail).toContain('test/nowhere 1.0.0');
    expect((await rig.history(tenant, id)).map((item) => item.type)).toEqual(['executionEnded']);
  });

  it('stores a completed call before the next one begins', async () => {
    await rig.flow(tenant, 'calls', [{ first: callTask() }, { second: callTask() }]);
    const caller = new FakeCaller();
    const stored: Json[] = [];
    let id = '';
    caller.answer = async (effect) => {
      const row = await rig.execution(tenant, id);
      stored.push([effect.task, row.status, row.revision]);
      return { from: effect.task };
    };
    id = await rig.accept(tenant, 'calls');
    await rig.executor({ caller });

    expect((await rig.ends(tenant, id)).output).toEqual({ from: '/do/1/second' });
    expect(stored).toEqual([
      ['/do/0/first', 'pending', 0],
      ['/do/1/second', 'running', 1],
    ]);
  });

  it('makes three calls with three keys for a switch that jumps back', async () => {
    await rig.flow(tenant, 'back', [
      { start: { set: { n: 0 } } },
      {
        call: callTask({
          output: { as: '${ $context.n // 0 | {n: (. + 1)} }' },
          export: { as: '${ . }' },
        }),
      },
      {
        again: {
          switch: [{ more: { when: '${ .n < 3 }', then: 'call' } }, { done: { then: 'end' } }],
        },
      },
    ]);
    const caller = new FakeCaller();
    const id = await rig.accept(tenant, 'back');
    await rig.executor({ caller });

    expect(await rig.ends(tenant, id)).toMatchObject({ status: 'completed', output: { n: 3 } });
    expect(caller.calls).toHaveLength(3);
    expect(new Set(caller.calls.map((call) => call.key)).size).toBe(3);
  });

  it('shows an execution whose call takes long as running', async () => {
    await rig.flow(tenant, 'slow', [{ call: callTask() }]);
    const caller = new FakeCaller();
    let finish: (value: Json) => void = () => undefined;
    caller.answer = () => new Promise((resolve) => (finish = resolve));
    const id = await rig.accept(tenant, 'slow');
    await rig.executor({ caller });

    await rig.reaches(tenant, id, 'running');
    expect((await rig.history(tenant, id)).map((item) => item.type)).toContain('taskStarted');
    finish({ ok: true });
    expect((await rig.ends(tenant, id)).output).toEqual({ ok: true });
    expect(caller.calls).toHaveLength(1);
  });
});
