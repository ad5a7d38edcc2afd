import type { Json } from '@easyflow/engine';
import {
  tenantEventsTopic,
  type IncomingRecord,
  type Transport,
} from '@easyflow/platform-messaging';
import { repliesTopic } from '@easyflow/contracts-events';
import { waitFor, type TestTenant } from '@easyflow/testing';
import { parseEcoWindow } from '@easyflow/domain-schedule';
import { callTask, ExecutorRig, FakeCaller } from './executor-rig.test';

jest.setTimeout(60_000);

describe('an executor that is not alone', () => {
  let rig: ExecutorRig;
  let tenant: TestTenant;

  beforeAll(async () => {
    rig = await ExecutorRig.open();
    tenant = await rig.database.createTenant();
    await rig.flow(tenant, 'pure', [{ one: { set: { n: '${ .n + 1 }' } } }]);
    await rig.flow(tenant, 'two-calls', [{ first: callTask() }, { second: callTask() }]);
    await rig.flow(tenant, 'call', [{ call: callTask() }]);
    const body = { at: '${ now }', started: '${ $workflow.startedAt, $task.startedAt }' };
    const endpoint = 'http://target.test/';
    await rig.flow(tenant, 'timed', [
      { call: { call: 'http', with: { method: 'post', endpoint, body } } },
    ]);
  });

  afterEach(() => rig.stopAll());
  afterAll(() => rig.close());

  it('writes nothing and begins nothing after its lease was lost', async () => {
    const { caller, answers } = held();
    const id = await rig.accept(tenant, 'two-calls');
    const executor = await rig.executor({ caller });
    await waitFor(() => answers.length === 1, { describe: 'the first call' });
    // As after a long pause: by the database's clock the lease has ended, and nobody has taken over.
    await rig.database.superuser(
      `UPDATE ef.work SET lease_until = now() - interval '1 ms', due_at = 'infinity' WHERE id = $1`,
      [id],
    );
    const before = await rig.execution(tenant, id);
    answers[0]?.({ late: true });

    await waitFor(() => executor.live.empty, { describe: 'the execution to be dropped' });
    expect(await rig.execution(tenant, id)).toEqual(before);
    expect(caller.calls).toHaveLength(1);
  });

  it('begins no effect after its own deadline', async () => {
    const { caller, answers } = held();
    const id = await rig.accept(tenant, 'two-calls');
    const executor = await rig.executor({ caller });
    await waitFor(() => answers.length === 1, { describe: 'the first call' });
    const execution = executor.live.get(tenant.id, id);
    if (execution) execution.lease = { ...execution.lease, deadline: performance.now() };
    answers[0]?.({ late: true });

    await waitFor(() => executor.live.empty, { describe: 'the execution to be dropped' });
    expect(caller.calls).toHaveLength(1);
    expect((await rig.execution(tenant, id)).revision).toBeLessThanOrEqual(1);
    await rig.database.superuser(`UPDATE ef.work SET due_at = 'infinity' WHERE id = $1`, [id]);
  });

  it('keeps its lease for as long as a call takes', async () => {
    const { caller, answers } = held();
    const id = await rig.accept(tenant, 'call');
    const settings = { leaseMs: 3_000, pollMs: 50 };
    await rig.executor({ caller, settings });
    await waitFor(() => answers.length === 1, { describe: 'the call' });
    const other = new FakeCaller();
    await rig.executor({ caller: other, settings });
    // Two leases long, and one is watching for the first to end.
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    answers[0]?.({ ok: true });

    expect((await rig.ends(tenant, id)).output).toEqual({ ok: true });
    expect(caller.calls.length + other.calls.length).toBe(1);
  });

  it('takes over what another lost, with the same keys', async () => {
    const lost = held();
    const id = await rig.accept(tenant, 'two-calls');
    await rig.executor({ caller: lost.caller });
    await waitFor(() => lost.answers.length === 1, { describe: 'the first call' });
    lost.answers[0]?.({ first: true });
    await waitFor(() => lost.answers.length === 2, { describe: 'the second call' });
    await rig.database.superuser(
      `UPDATE ef.work SET lease_until = now() - interval '1 ms' WHERE id = $1`,
      [id],
    );

    const caller = new FakeCaller();
    caller.answer = () => Promise.resolve({ by: 'the other' });
    await rig.executor({ caller });

    expect((await rig.ends(tenant, id)).output).toEqual({ by: 'the other' });
    expect(caller.calls.map(({ key }) => key)).toEqual([lost.caller.calls[1]?.key]);
    lost.answers[1]?.({ by: 'the first' });
    const types = (await rig.history(tenant, id)).map((item) => item.type);
    expect(types.filter((type) => type === 'executionEnded')).toHaveLength(1);
    expect(types.filter((type) => type === 'taskCompleted')).toHaveLength(2);
  });

  it('sends a call that holds the time again in every byte, however early the other was lost', async () => {
    const lost = held();
    const id = await rig.accept(tenant, 'timed');
    await rig.executor({ caller: lost.caller });
    await waitFor(() => lost.answers.length === 1, { describe: 'the call' });
    await rig.database.superuser(
      `UPDATE ef.work SET lease_until = now() - interval '1 ms' WHERE id = $1`,
      [id],
    );
    const caller = new FakeCaller();
    await rig.executor({ caller });
    await rig.ends(tenant, id);
    expect(JSON.stringify(caller.calls)).toBe(JSON.stringify(lost.caller.calls));
  });

  it('hands its executions to others when it closes before their calls end', async () => {
    const slow = held();
    const id = await rig.accept(tenant, 'call');
    const closing = await rig.executor({ caller: slow.caller, settings: { drainMs: 100 } });
    await waitFor(() => slow.answers.length === 1, { describe: 'the call' });
    await closing.close();
    expect(await rig.work(tenant, id)).toMatchObject({ lease_owner: null });

    const caller = new FakeCaller();
    await rig.executor({ caller });
    expect((await rig.ends(tenant, id)).status).toBe('completed');
    expect(caller.calls[0]?.key).toBe(slow.caller.calls[0]?.key);
  });

  it('finishes what it has begun when it closes in time, and no more', async () => {
    const { caller, answers } = held();
    const id = await rig.accept(tenant, 'two-calls');
    const executor = await rig.executor({ caller });
    await waitFor(() => answers.length === 1, { describe: 'the first call' });
    const closed = executor.close();
    answers[0]?.({ first: true });
    await closed;

    expect(caller.calls).toHaveLength(1);
    expect(await rig.work(tenant, id)).toMatchObject({ lease_owner: null });
    expect((await rig.history(tenant, id)).map((item) => item.type)).toContain('taskCompleted');
    await rig.executor();
    expect((await rig.ends(tenant, id)).status).toBe('completed');
  });

  it('retries as the flow asks, each time with a new key', async () => {
    await rig.flow(tenant, 'retry', [
      {
        attempt: {
          try: [{ call: callTask() }],
          catch: { retry: { delay: { milliseconds: 50 }, limit: { attempt: { count: 5 } } } },
        },
      },
    ]);
    const caller = new FakeCaller();
    caller.answer = () =>
      caller.calls.length < 3 ? Promise.reject(new Error('down')) : Promise.resolve({ ok: true });
    const id = await rig.accept(tenant, 'retry');
    await rig.executor({ caller });

    expect(await rig.ends(tenant, id)).toMatchObject({ status: 'completed', output: { ok: true } });
    expect(new Set(caller.calls.map(({ key }) => key)).size).toBe(3);
  });

  it('lets others run beside an endless loop, stores it now and then, and can end it', async () => {
    await rig.flow(tenant, 'loop', [
      { count: { set: { n: '${ (.n // 0) + 1 }' } } },
      { again: { switch: [{ always: { then: 'count' } }] } },
    ]);
    const loop = await rig.accept(tenant, 'loop');
    await rig.executor();
    await rig.reaches(tenant, loop, 'running');
    const quick = await rig.accept(tenant, 'pure', { n: 1 });

    expect((await rig.ends(tenant, quick)).output).toEqual({ n: 2 });
    await waitFor(async () => (await rig.execution(tenant, loop)).revision >= 2, {
      describe: 'a second checkpoint of the loop',
    });
    await rig.signal(tenant, loop, { kind: 'cancel' });
    expect((await rig.ends(tenant, loop)).status).toBe('cancelled');
  });

  it('starts an eco execution only while its window is open', async () => {
    const now = new Date();
    const text = (minutes: number) => {
      const time = new Date(now.getTime() + minutes * 60_000);
      return time.toISOString().slice(11, 16);
    };
    const closed = parseEcoWindow(`${text(120)}-${text(180)}`);
    const id = await rig.accept(tenant, 'pure', { n: 1 }, { mode: 'eco', class: 1 });
    const first = await rig.executor({ settings: { ecoWindow: closed } });
    await waitFor(
      async () =>
        (await rig.count(
          `SELECT count(*) FROM ef.work WHERE id = $1 AND due_at > now() + interval '1 hour' AND lease_owner IS NULL`,
          [id],
        )) === 1,
      { describe: 'the execution to be put off' },
    );
    expect((await rig.execution(tenant, id)).status).toBe('pending');
    await first.close();

    await rig.database.superuser('UPDATE ef.work SET due_at = now() WHERE id = $1', [id]);
    await rig.executor({ settings: { ecoWindow: parseEcoWindow(`${text(-60)}-${text(60)}`) } });
    expect((await rig.ends(tenant, id)).output).toEqual({ n: 2 });
  });

  it('publishes the lifecycle of a tenant on its topic and forgets the outbox', async () => {
    const records: IncomingRecord[] = [];
    await rig.transport.ensureTopics([tenantEventsTopic(tenant.id)]);
    const subscription = await rig.transport.subscribe({
      group: 'lifecycle-test',
      topics: [tenantEventsTopic(tenant.id)],
      onBatch: (batch) => Promise.resolve(void records.push(...batch)),
    });
    const id = await rig.accept(tenant, 'pure', { n: 1 });
    await rig.executor();
    await rig.ends(tenant, id);

    const events = await waitFor(
      () => {
        const found = records
          .flatMap((record) => JSON.parse(record.value) as { subject?: string; type: string }[])
          .filter((event) => event.subject === id);
        return found.length >= 2 && found;
      },
      { describe: 'the events' },
    );
    expect(events.map((event) => event.type)).toEqual([
      'io.serverlessworkflow.workflow.started.v1',
      'io.serverlessworkflow.workflow.completed.v1',
    ]);
    await waitFor(async () => (await outbox(id)) === 0, { describe: 'the outbox row to go' });
    await subscription.close();
  });

  it('goes on while the transport is down and publishes when it is back', async () => {
    const sent: string[] = [];
    let up = false;
    const transport = new Proxy<Transport>(rig.transport, {
      get: (target, name) => {
        if (name === 'isUp') return () => up;
        if (name === 'send') {
          return (records: { value: string }[]) => {
            if (!up) return Promise.reject(new Error('down'));
            sent.push(...records.map((record) => record.value));
            return Promise.resolve();
          };
        }
        return Reflect.get(target, name) as unknown;
      },
    });
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await rig.accept(tenant, 'pure', { n }));
    await rig.executor({ transport });
    for (const id of ids) await rig.ends(tenant, id);
    for (const id of ids) expect(await outbox(id)).toBe(1);

    up = true;
    for (const id of ids) {
      await waitFor(async () => (await outbox(id)) === 0, { describe: 'the outbox row to go' });
      expect(sent.some((value) => value.includes(id))).toBe(true);
    }
  });

  it('leaves no outbox row when it stops', async () => {
    const id = await rig.accept(tenant, 'pure', { n: 1 });
    const executor = await rig.executor();
    await rig.ends(tenant, id);
    await executor.close();
    expect(await outbox(id)).toBe(0);
  });

  it('tells the gateway that waits, by ids alone', async () => {
    const topic = repliesTopic('gateway', 'slot-1');
    const records: IncomingRecord[] = [];
    await rig.transport.ensureTopics([topic]);
    const subscription = await rig.transport.subscribe({
      group: 'replies-test',
      topics: [topic],
      onBatch: (batch) => Promise.resolve(void records.push(...batch)),
    });
    const id = await rig.accept(tenant, 'pure', { n: 1 }, { replySlot: 'slot-1' });
    await rig.executor();

    await waitFor(() => records.length > 0, { describe: 'the message' });
    expect(JSON.parse(records[0]?.value ?? '')).toEqual({ pairs: [{ tenantId: tenant.id, id }] });
    await subscription.close();
  });

  function outbox(id: string): Promise<number> {
    return rig.count('SELECT count(*) FROM ef.outbox WHERE $1 = ANY (executions)', [id]);
  }

  /** Calls that end when the test says so. */
  function held() {
    const caller = new FakeCaller();
    const answers: ((value: Json) => void)[] = [];
    caller.answer = () => new Promise((resolve) => answers.push(resolve));
    return { caller, answers };
  }
});
