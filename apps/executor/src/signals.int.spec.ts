import type { Json } from '@easyflow/engine';
import { waitFor, type TestTenant } from '@easyflow/testing';
import { callTask, ExecutorRig, FakeCaller } from './executor-rig.test';

jest.setTimeout(60_000);

describe('what arrives from outside', () => {
  let rig: ExecutorRig;
  let tenant: TestTenant;

  beforeAll(async () => {
    rig = await ExecutorRig.open();
    tenant = await rig.database.createTenant();
    await rig.flow(tenant, 'call', [{ call: callTask() }]);
    await rig.flow(tenant, 'wait', [
      // Long enough to be seen in the database by a slow machine.
      { pause: { wait: { seconds: 3 } } },
      { set: { set: { waited: true } } },
    ]);
    await rig.flow(tenant, 'long-wait', [{ pause: { wait: { hours: 1 } } }]);
    await rig.flow(tenant, 'child', [{ answer: { set: { got: '${ .n }' } } }]);
    await rig.flow(tenant, 'failing-child', [
      { fail: { raise: { error: { type: 'https://test/broken', status: 418, title: 'Broken' } } } },
    ]);
    await rig.flow(tenant, 'parent', [runTask('child')]);
  });

  afterEach(() => rig.stopAll());
  afterAll(() => rig.close());

  it('wakes an execution when its timer is due, from the database', async () => {
    const id = await rig.accept(tenant, 'wait');
    await rig.executor();

    await waitFor(
      async () => {
        const work = await rig.work(tenant, id);
        return work?.['lease_owner'] === null && work['claim_no'] === 1;
      },
      { describe: 'the lease to be given back', every: 5 },
    );
    expect(await rig.ends(tenant, id)).toMatchObject({
      status: 'completed',
      output: { waited: true },
    });
  });

  it('leaves nothing due that waits for a long time', async () => {
    const id = await rig.accept(tenant, 'long-wait');
    const executor = await rig.executor();

    await rig.reaches(tenant, id, 'waiting');
    await waitFor(() => executor.live.empty, { describe: 'the execution to leave memory' });
    const [row] = await rig.database.superuser<{ later: boolean }>(
      `SELECT due_at > now() + interval '50 minutes' AS later FROM ef.work WHERE tenant_id = $1 AND id = $2`,
      [tenant.id, id],
    );
    expect(row?.later).toBe(true);
  });

  it('cancels an execution that waits in the database', async () => {
    const id = await rig.accept(tenant, 'long-wait');
    await rig.executor();
    await rig.reaches(tenant, id, 'waiting');

    await rig.signal(tenant, id, { kind: 'cancel' });

    expect((await rig.ends(tenant, id)).status).toBe('cancelled');
    expect(await signals(id)).toBe(0);
  });

  it.each([
    ['never started', 0],
    ['had started', 1],
  ])('says of a cancelled execution that it %s', async (_, started) => {
    const id = await rig.accept(tenant, 'long-wait');
    if (started > 0) {
      await rig.executor();
      await rig.reaches(tenant, id, 'waiting');
    }
    await rig.signal(tenant, id, { kind: 'cancel' });
    await rig.executor();

    expect((await rig.ends(tenant, id)).status).toBe('cancelled');
    expect(await rig.count('SELECT count(started_at) FROM ef.executions WHERE id = $1', [id])).toBe(
      started,
    );
  });

  it('cancels an execution in memory and aborts its call', async () => {
    const { caller, aborted } = hanging();
    const id = await rig.accept(tenant, 'call');
    await rig.executor({ caller });
    await waitFor(() => caller.calls.length === 1, { describe: 'the call' });

    await rig.signal(tenant, id, { kind: 'cancel' });

    expect((await rig.ends(tenant, id)).status).toBe('cancelled');
    expect(aborted()).toBe(true);
    expect(await signals(id)).toBe(0);
  });

  it('runs a sub-flow and goes on with its output', async () => {
    const id = await rig.accept(tenant, 'parent', { n: 4 });
    await rig.executor();

    expect(await rig.ends(tenant, id)).toMatchObject({ status: 'completed', output: { got: 4 } });
    expect(await signals(id)).toBe(0);
    const children = await rig.database.superuser<{ parent_id: string; status: string }>(
      `SELECT parent_id, status FROM ef.executions WHERE tenant_id = $1 AND parent_id = $2`,
      [tenant.id, id],
    );
    expect(children).toEqual([{ parent_id: id, status: 'completed' }]);
  });

  it('cancels the sub-flows that a cancelled execution waits for, however deep', async () => {
    await rig.flow(tenant, 'waiting-parent', [runTask('long-wait')]);
    await rig.flow(tenant, 'waiting-grandparent', [runTask('waiting-parent')]);
    const id = await rig.accept(tenant, 'waiting-grandparent', { n: 1 });
    await rig.executor();
    const child = await childOf(id);
    const grandchild = await childOf(child);
    await rig.reaches(tenant, grandchild, 'waiting');

    await rig.signal(tenant, id, { kind: 'cancel' });

    for (const each of [id, child, grandchild]) {
      expect((await rig.ends(tenant, each)).status).toBe('cancelled');
      expect(await signals(each)).toBe(0);
    }
  });

  it('cancels a sub-flow in memory whose parent goes on after a limit', async () => {
    await rig.flow(tenant, 'limited', [
      {
        attempt: {
          try: [{ slow: { timeout: { after: { seconds: 1 } }, do: [runTask('call')] } }],
          catch: { do: [{ late: { set: { late: true } } }] },
        },
      },
    ]);
    const { caller, aborted } = hanging();
    const id = await rig.accept(tenant, 'limited', { n: 1 });
    await rig.executor({ caller });
    await rig.executor({ caller });
    const child = await childOf(id);

    expect(await rig.ends(tenant, id)).toMatchObject({
      status: 'completed',
      output: { late: true },
    });
    expect((await rig.ends(tenant, child)).status).toBe('cancelled');
    expect(aborted()).toBe(true);
  });

  it('leaves a sub-flow alone that nobody waits for', async () => {
    const task = runTask('wait');
    await rig.flow(tenant, 'detached-parent', [
      { run: { run: { ...(task['run'] as { run: object }).run, await: false } } },
      { pause: { wait: { hours: 1 } } },
    ]);
    const id = await rig.accept(tenant, 'detached-parent', { n: 1 });
    await rig.executor();
    await rig.reaches(tenant, id, 'waiting');
    await rig.signal(tenant, id, { kind: 'cancel' });

    expect((await rig.ends(tenant, id)).status).toBe('cancelled');
    expect((await rig.ends(tenant, await childOf(id))).status).toBe('completed');
  });

  it('keeps a cancellation that commits while the checkpoint waits for its row', async () => {
    await rig.flow(tenant, 'call-and-wait', [
      { call: callTask() },
      { pause: { wait: { hours: 1 } } },
    ]);
    const caller = new FakeCaller();
    const answer = Promise.withResolvers<Json>();
    caller.answer = () => answer.promise;
    const id = await rig.accept(tenant, 'call-and-wait');
    await rig.executor({ caller });
    await waitFor(() => caller.calls.length === 1, { describe: 'the call' });

    const wake = await rig.holdWake(tenant, id);
    answer.resolve({ answered: true });
    await wake.commitWhenAwaited();

    expect((await rig.ends(tenant, id)).status).toBe('cancelled');
    const done = (await rig.history(tenant, id)).filter(({ type }) => type === 'taskCompleted');
    expect(done).toHaveLength(1);
    expect(caller.calls).toHaveLength(1);
    expect(await signals(id)).toBe(0);
  });

  it.each([
    ['completes', 'call', (n: number): Json => ({ n })],
    // Postgres takes no state that is nested so deeply: the end comes from outside the engine.
    ['faults for its data', 'call', (): Json => nested(7_000)],
  ])(
    'ends in cancelled when the cancellation commits before the end of a call that %s',
    async (_, flow, answer) => {
      const { caller, answers } = held();
      const ids: string[] = [];
      for (let n = 0; n < 20; n += 1) ids.push(await rig.accept(tenant, flow));
      await rig.executor({ caller });
      await waitFor(() => answers.length === 20, { describe: 'the calls' });

      for (const id of ids) await rig.signal(tenant, id, { kind: 'cancel' });
      answers.forEach((resolve, n) => resolve(answer(n)));

      const rows = await Promise.all(ids.map((id) => rig.ends(tenant, id)));
      expect(rows.map(({ status }) => status)).toEqual(ids.map(() => 'cancelled'));
      expect(caller.calls).toHaveLength(20);
      for (const id of ids) {
        const history = await rig.history(tenant, id);
        expect(history.map(({ sequence }) => sequence)).toEqual(history.map((_item, n) => n + 1));
        expect(history.filter(({ type }) => type === 'executionEnded')).toHaveLength(1);
        expect(await signals(id)).toBe(0);
      }
    },
  );

  it('keeps a cancellation that commits while the final checkpoint waits for its row', async () => {
    const { caller, answers } = held();
    const id = await rig.accept(tenant, 'call');
    await rig.executor({ caller });
    await waitFor(() => answers.length === 1, { describe: 'the call' });

    const wake = await rig.holdWake(tenant, id);
    answers[0]?.({ answered: true });
    await wake.commitWhenAwaited();

    expect((await rig.ends(tenant, id)).status).toBe('cancelled');
    expect(await signals(id)).toBe(0);
  });

  it('ends once, and as it would have, when what woke it changes nothing', async () => {
    const { caller, answers } = held();
    const id = await rig.accept(tenant, 'call');
    await rig.executor({ caller });
    await waitFor(() => answers.length === 1, { describe: 'the call' });

    await rig.signal(tenant, id, {
      kind: 'childEnded',
      key: 'of nobody',
      childId: id,
      status: 'completed',
    });
    answers[0]?.({ answered: true });

    expect(await rig.ends(tenant, id)).toMatchObject({
      status: 'completed',
      output: { answered: true },
    });
    const types = (await rig.history(tenant, id)).map(({ type }) => type);
    expect(types).toEqual(['executionStarted', 'taskStarted', 'taskCompleted', 'executionEnded']);
    expect(await signals(id)).toBe(0);
  });

  it('looks for signals when it hears of them, not only once a second', async () => {
    const { caller } = hanging();
    const executor = await rig.executor({ caller });
    const began = performance.now();
    for (let n = 0; n < 20; n += 1) {
      const id = await rig.accept(tenant, 'call');
      await executor.hinted();
      await waitFor(() => caller.calls.length > n, { describe: 'the call', every: 5 });
      await rig.signal(tenant, id, { kind: 'cancel' });
      executor.signalled([{ tenantId: tenant.id, id }]);
      expect((await rig.ends(tenant, id)).status).toBe('cancelled');
    }
    // One after the other at a look a second they would take 20 s.
    expect(performance.now() - began).toBeLessThan(12_000);
  });

  it('hands the fault of a sub-flow to its parent', async () => {
    await rig.flow(tenant, 'catching', [
      {
        attempt: {
          try: [runTask('failing-child')],
          catch: { as: 'error', do: [{ caught: { set: { status: '${ $error.status }' } } }] },
        },
      },
    ]);
    const id = await rig.accept(tenant, 'catching');
    await rig.executor();

    expect(await rig.ends(tenant, id)).toMatchObject({
      status: 'completed',
      output: { status: 418 },
    });
  });

  it.each([
    [998, 'completed', null],
    [999, 'faulted', { status: 500, detail: expect.stringContaining('run itself') as string }],
  ])('lets an execution wait below %i others: %s', async (levels, status, error) => {
    const id = await rig.accept(tenant, 'parent', { n: 1 });
    await rig.database.superuser(
      `WITH ids AS (SELECT n, gen_random_uuid() AS id FROM generate_series(1, $2::int) n),
       line AS (
         INSERT INTO ef.executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, parent_id, parent_key)
         SELECT $1, i.id, 'test', 'parent', '1.0.0', 'balanced', 'waiting', p.id, 'key' || p.n
         FROM ids i LEFT JOIN ids p ON p.n = i.n - 1)
       UPDATE ef.executions SET parent_id = (SELECT i.id FROM ids i WHERE i.n = $2), parent_key = 'key'
       WHERE tenant_id = $1 AND id = $3`,
      [tenant.id, levels, id],
    );
    await rig.executor();

    expect(await rig.ends(tenant, id)).toMatchObject({ status, error });
  });

  it('faults a parent whose sub-flow does not exist', async () => {
    await rig.flow(tenant, 'lost-parent', [runTask('nowhere')]);
    const id = await rig.accept(tenant, 'lost-parent');
    await rig.executor();

    const row = await rig.ends(tenant, id);
    expect(row).toMatchObject({ status: 'faulted', error: { status: 404 } });
  });

  it('faults the task of a sub-flow that does not exist and nobody would wait for', async () => {
    const detached = (name: string): { [key: string]: Json } => ({
      [name]: { run: { ...(runTask(name)['run'] as { run: object }).run, await: false } },
    });
    await rig.flow(tenant, 'lost-detached', [detached('wait'), detached('nowhere')]);
    const id = await rig.accept(tenant, 'lost-detached', { n: 1 });
    const guarded = { guarded: { try: [detached('nowhere')], catch: { do: [detached('wait')] } } };
    await rig.flow(tenant, 'caught-detached', [guarded]);
    const caught = await rig.accept(tenant, 'caught-detached', { n: 1 });
    await rig.executor();

    expect(await rig.ends(tenant, id)).toMatchObject({
      status: 'faulted',
      error: { status: 404, instance: '/do/1/nowhere' },
    });
    const faulted = (await rig.history(tenant, id)).filter(({ type }) => type === 'taskFaulted');
    expect(faulted).toHaveLength(1);
    expect((await rig.ends(tenant, caught)).status).toBe('completed');
    // What the execution had begun before is there once.
    for (const parent of [id, caught]) {
      expect((await rig.ends(tenant, await childOf(parent))).status).toBe('completed');
    }
  });

  it('keeps the end of a sub-flow that comes while its parent is leased', async () => {
    // The parent checkpoints, its child ends at once in the same process: over and over, none is lost.
    const ids: string[] = [];
    for (let n = 0; n < 60; n += 1) ids.push(await rig.accept(tenant, 'parent', { n }));
    await Promise.all([rig.executor(), rig.executor()]);

    const rows = await Promise.all(ids.map((id) => rig.ends(tenant, id)));
    expect(rows.map((row) => row.output)).toEqual(ids.map((_, n) => ({ got: n })));
  });

  it('counts completions of an hour into one row that is due soon', async () => {
    const id = await rig.accept(tenant, 'child', { n: 1 });
    await rig.executor();
    await rig.ends(tenant, id);

    const rows = await rig.database.superuser<{ id: string; soon: boolean }>(
      `SELECT id, due_at < now() + interval '10 s' AS soon FROM ef.work WHERE tenant_id = $1 AND kind = 'rollup'`,
      [tenant.id],
    );
    expect(rows.length).toBeGreaterThan(0);
    const [hour] = await rig.database.superuser<{ id: string }>(
      `SELECT '00000000-0000-7000-8000-' || lpad(to_hex(extract(epoch FROM date_trunc('hour', ended_at, 'UTC'))::bigint), 12, '0') AS id
       FROM ef.executions WHERE tenant_id = $1 AND id = $2`,
      [tenant.id, id],
    );
    expect(rows).toContainEqual({ id: hour?.id, soon: true });
  });

  /** The id of the first sub-flow of an execution, when there is one. */
  async function childOf(id: string): Promise<string> {
    const read = (): Promise<{ id: string }[]> =>
      rig.database.superuser<{ id: string }>(
        'SELECT id FROM ef.executions WHERE tenant_id = $1 AND parent_id = $2',
        [tenant.id, id],
      );
    await waitFor(async () => (await read()).length > 0, { describe: 'a sub-flow' });
    const [child] = await read();
    if (!child) throw new Error('there is no sub-flow');
    return child.id;
  }

  function signals(id: string): Promise<number> {
    return rig.count('SELECT count(*) FROM ef.execution_signals WHERE execution_id = $1', [id]);
  }
});

/** Calls that end when the test says so. */
function held(): { caller: FakeCaller; answers: ((value: Json) => void)[] } {
  const caller = new FakeCaller();
  const answers: ((value: Json) => void)[] = [];
  caller.answer = () => new Promise((resolve) => answers.push(resolve));
  return { caller, answers };
}

function nested(depth: number): Json {
  let value: Json = null;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

/** A caller whose calls end only by being aborted. */
function hanging(): { caller: FakeCaller; aborted: () => boolean } {
  const caller = new FakeCaller();
  let aborted = false;
  caller.answer = (_, signal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        aborted = true;
        reject(new Error('aborted'));
      });
    });
  return { caller, aborted: () => aborted };
}

function runTask(name: string): { [key: string]: Json } {
  return {
    run: {
      run: { workflow: { namespace: 'test', name, version: '1.0.0', input: { n: '${ .n }' } } },
    },
  };
}
