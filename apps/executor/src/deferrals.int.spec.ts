import type { Json } from '@easyflow/engine';
import { newId } from '@easyflow/kernel-ids';
import { waitFor, type TestTenant } from '@easyflow/testing';
import type { DatabaseAccess, TenantSession, TenantToken } from '@easyflow/tenant-context';
import { callTask, ExecutorRig, FakeCaller } from './executor-rig.test';

jest.setTimeout(60_000);

describe('executions that a process cannot run', () => {
  let rig: ExecutorRig;
  let tenant: TestTenant;

  beforeAll(async () => {
    rig = await ExecutorRig.open();
    tenant = await rig.database.createTenant();
    // Rows from before there was a check, or past it.
    await rig.database.superuser('ALTER TABLE ef.executions DROP CONSTRAINT executions_values');
    await rig.flow(tenant, 'pure', [{ one: { set: { n: '${ .n + 1 }' } } }]);
    await rig.flow(tenant, 'wait', [{ pause: { wait: { hours: 1 } } }]);
    await rig.flow(tenant, 'call', [{ call: callTask() }]);
  });

  afterEach(async () => {
    await rig.stopAll();
    await rig.database.superuser(`UPDATE ef.work SET due_at = 'infinity'`);
  });
  afterAll(() => rig.close());

  describe.each([
    ['a time of creation that is none', `created_at = 'infinity'`],
    ['a time of creation that no clock reads', `created_at = '294270-01-01'`],
    ['a start that is none', `started_at = '-infinity'`],
    ['a text for a state', `state = '"text"'`],
    ['a state without tasks', `state = '{"format": 1}'`],
    ['a state without a format', `state = '{"root": {"list": "/do", "frames": []}}'`],
    ['the status of one that has ended', `status = 'completed'`],
  ])('with %s', (_, absurd) => {
    it('is parked alone, and all that were claimed with it run', async () => {
      const others: string[] = [];
      for (let n = 0; n < 5; n += 1) others.push(await rig.accept(tenant, 'pure', { n }));
      const bad = await rig.accept(tenant, 'pure', { n: 5 });
      for (let n = 0; n < 5; n += 1) others.push(await rig.accept(tenant, 'pure', { n }));
      await change(bad, absurd);
      const executor = await rig.executor();

      for (const id of others) expect((await rig.ends(tenant, id)).status).toBe('completed');
      expect(await parked(bad)).toMatch('cannot be read');
      expect((await rig.execution(tenant, bad)).status).toBe('suspended');
      expect(executor.live.empty).toBe(true);
    });

    it('can be cancelled all the same', async () => {
      const bad = await rig.accept(tenant, 'wait');
      await rig.executor();
      await rig.reaches(tenant, bad, 'waiting');
      await change(bad, absurd);
      await rig.database.superuser('UPDATE ef.work SET due_at = now() WHERE id = $1', [bad]);
      await rig.executor();
      await parked(bad);

      await rig.signal(tenant, bad, { kind: 'cancel' });

      await rig.reaches(tenant, bad, 'cancelled');
      const history = await rig.history(tenant, bad);
      expect(history.map(({ sequence }) => sequence)).toEqual(history.map((_item, n) => n + 1));
      expect(history.at(-1)).toMatchObject({ type: 'executionEnded', status: 'cancelled' });
      expect(await rig.work(tenant, bad)).toBeUndefined();
    });
  });

  it.each([
    ['42'],
    ['null'],
    ['{"kind": "effectSucceeded"}'],
    ['{"kind": "childEnded", "key": 1}'],
  ])('go on past a signal that means nothing: %s', async (signal) => {
    const id = await rig.accept(tenant, 'pure', { n: 1 });
    await signalled(id, signal);
    await rig.executor();

    expect((await rig.ends(tenant, id)).status).toBe('completed');
    expect(await signals(id)).toBe(0);
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['a state of a newer format', (id) => change(id, `state = '{"format": 99}'`)],
    ['a signal of a newer version', (id) => signalled(id, '{"kind": "suspend"}')],
  ])('are put off and never faulted: %s', async (_, make) => {
    const id = await rig.accept(tenant, 'pure', { n: 1 });
    await make(id);
    await rig.executor();

    const work = await deferred(id);
    expect(work).toMatchObject({ attempts: 1, lease_owner: null });
    expect(work['seconds']).toBeGreaterThan(0);
    expect(work['seconds']).toBeLessThanOrEqual(5);
    expect(await rig.execution(tenant, id)).toMatchObject({ status: 'pending', revision: 0 });
  });

  it('are left to newer versions, and not looked at by the one that does not know them', async () => {
    const id = await rig.accept(tenant, 'pure', { n: 1 });
    await change(id, `state = '{"format": 99}'`);
    const executor = await rig.executor();
    await deferred(id);
    await rig.database.superuser('UPDATE ef.work SET due_at = now() WHERE id = $1', [id]);
    await executor.hinted();
    expect(await rig.work(tenant, id)).toMatchObject({ claim_no: 1, version: 2 });

    // Nobody newer has come for it: it is put off for all.
    await rig.database.superuser(
      `UPDATE ef.work SET due_at = now() - interval '3 seconds' WHERE id = $1`,
      [id],
    );
    await executor.hinted();
    expect(await rig.work(tenant, id)).toMatchObject({
      claim_no: 2,
      attempts: 1,
      lease_owner: null,
    });
    expect((await deferred(id))['reason']).toMatch('format 99');
  });

  it('are put off by a defect later and later, and parked at the fifth', async () => {
    const id = await rig.accept(tenant, 'wait');
    await broken(id);
    const executor = await rig.executor();

    const seconds: unknown[] = [];
    for (let attempt = 1; attempt < 5; attempt += 1) {
      const work = await deferred(id);
      expect(work).toMatchObject({ attempts: attempt });
      seconds.push(Math.ceil(Number(work['seconds'])));
      await rig.database.superuser(
        'UPDATE ef.work SET due_at = now(), reason = NULL WHERE id = $1',
        [id],
      );
      await executor.hinted();
    }
    expect(seconds).toEqual([5, 10, 20, 40]);
    expect(await parked(id)).toMatch('not of the flow');
    expect(await rig.execution(tenant, id)).toMatchObject({ status: 'suspended', error: null });
  });

  it('are parked when five processes have died of them, resumed, and then run', async () => {
    const id = await rig.accept(tenant, 'pure', { n: 1 });
    await rig.database.superuser('UPDATE ef.work SET attempts = 5 WHERE id = $1', [id]);
    await rig.executor();

    expect(await parked(id)).toMatch('5 times');
    await rig.reaches(tenant, id, 'suspended');

    // As the gateway does at a resumption.
    await rig.database.superuser(
      `UPDATE ef.work SET attempts = 0, reason = NULL, due_at = now(), wake_seq = wake_seq + 1 WHERE id = $1`,
      [id],
    );
    expect((await rig.ends(tenant, id)).output).toEqual({ n: 2 });
  });

  it('are cancelled though five processes have died of them', async () => {
    const { caller } = { caller: new FakeCaller() };
    const id = await rig.accept(tenant, 'call');
    await rig.database.superuser('UPDATE ef.work SET attempts = 5 WHERE id = $1', [id]);
    await rig.executor({ caller });
    await parked(id);

    await rig.signal(tenant, id, { kind: 'cancel' });

    expect((await rig.ends(tenant, id)).status).toBe('cancelled');
    expect(caller.calls).toEqual([]);
  });

  it('count no claim that came to a checkpoint or was given back', async () => {
    const waits = await rig.accept(tenant, 'wait');
    const held = await rig.accept(tenant, 'pure');
    const owner = await rig.database.registerOwner('executor');
    const leases = await rig.access.claims.claim(owner, ['execution'], 500, 15_000, 1);
    expect(leases.map(({ attempts }) => attempts)).toEqual(leases.map(() => 1));
    await rig.access.claims.release(owner, leases);
    for (const id of [waits, held]) {
      expect(await rig.work(tenant, id)).toMatchObject({ attempts: 0, claim_no: 1 });
    }

    await rig.executor();
    await rig.reaches(tenant, waits, 'waiting');
    await waitFor(async () => (await rig.work(tenant, waits))?.['lease_owner'] === null, {
      describe: 'the lease to be given back',
    });
    expect(await rig.work(tenant, waits)).toMatchObject({ attempts: 0, claim_no: 2, reason: null });
  });

  it('are run by a newer version beside an older one: everything ends, nothing faults', async () => {
    const document = await newerFlow('newer');
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1) ids.push(await rig.accept(tenant, 'newer', { n }));
    const formats: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      const id = await rig.accept(tenant, 'pure', { n });
      await change(id, `state = '{"format": 99}'`);
      formats.push(id);
    }
    const old = await rig.executor();
    const all = [...ids, ...formats];
    const putOff = () =>
      rig.count('SELECT count(*) FROM ef.work WHERE id = ANY ($1::uuid[]) AND reason IS NOT NULL', [
        all,
      ]);
    await waitFor(async () => (await putOff()) === all.length, { describe: 'all to be put off' });
    // It does not spin: each was claimed once.
    expect(
      await rig.count('SELECT count(*) FROM ef.work WHERE id = ANY ($1::uuid[]) AND claim_no > 1', [
        all,
      ]),
    ).toBe(0);
    expect(old.live.empty).toBe(true);

    await rig.executor({ access: newer(rig.access, document), settings: { version: 2 } });

    for (const id of all) {
      expect(await rig.ends(tenant, id)).toMatchObject({ status: 'completed' });
    }
  });

  it('keep no slot of the executor', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      const id = await rig.accept(tenant, 'pure', { n });
      await change(id, n % 2 === 0 ? `state = '{"format": 99}'` : `created_at = 'infinity'`);
      ids.push(id);
    }
    const executor = await rig.executor({ settings: { maxInFlight: 10 } });
    for (const id of ids) await deferred(id);

    const owner = await waitFor(() => executor.localDispatch.reserve(10), {
      describe: 'all slots to be free',
    });
    expect(owner).toBeDefined();
    executor.localDispatch.release(10);
  });

  function change(id: string, what: string): Promise<unknown> {
    return rig.database.superuser(`UPDATE ef.executions SET ${what} WHERE id = $1`, [id]);
  }

  /** A state that the engine cannot run though it has the form of one. */
  function broken(id: string): Promise<unknown> {
    const state = { format: 1, status: 'running', root: { list: '/do', frames: [null], steps: 1 } };
    return rig.database.superuser('UPDATE ef.executions SET state = $2 WHERE id = $1', [
      id,
      JSON.stringify(state),
    ]);
  }

  function signalled(id: string, signal: string): Promise<unknown> {
    return rig.database.superuser(
      `INSERT INTO ef.execution_signals (tenant_id, id, execution_id, signal) VALUES ($1, $2, $3, $4)`,
      [tenant.id, newId(), id, signal],
    );
  }

  function signals(id: string): Promise<number> {
    return rig.count('SELECT count(*) FROM ef.execution_signals WHERE execution_id = $1', [id]);
  }

  /** Waits until a reason stands in the work row; with how long it is put off. */
  function deferred(id: string): Promise<Record<string, unknown>> {
    return waitFor(
      async () => {
        const [row] = await rig.database.superuser<Record<string, unknown>>(
          `SELECT attempts, reason, lease_owner, due_at = 'infinity' AS parked,
             CASE WHEN isfinite(due_at) THEN extract(epoch FROM due_at - now())::float8 END AS seconds
           FROM ef.work WHERE id = $1`,
          [id],
        );
        return typeof row?.['reason'] === 'string' && row;
      },
      { describe: 'the execution to be put off', every: 10 },
    );
  }

  /** Waits until the execution is parked; gives the reason. */
  async function parked(id: string): Promise<string> {
    const work = await waitFor(
      async () => {
        const row = await deferred(id);
        return row['parked'] === true && row;
      },
      { describe: 'the execution to be parked' },
    );
    return String(work['reason']);
  }

  /** A flow with a task that this version does not know, as a newer registry would have accepted it. */
  async function newerFlow(name: string): Promise<Json> {
    await rig.flow(tenant, name, [{ one: { set: { n: '${ .n + 1 }' } } }]);
    const [row] = await rig.database.superuser<{ document: Json }>(
      'SELECT document FROM ef.flow_versions WHERE tenant_id = $1 AND name = $2',
      [tenant.id, name],
    );
    const document = row?.document as { [key: string]: Json };
    const future = { ...document, do: [{ one: { teleport: { to: 'elsewhere' } } }] };
    await rig.database.superuser(
      'UPDATE ef.flow_versions SET document = $3 WHERE tenant_id = $1 AND name = $2',
      [tenant.id, name, JSON.stringify(future)],
    );
    return document;
  }
});

/** What a version sees that knows the task and the format. */
function newer(access: DatabaseAccess, document: Json): DatabaseAccess {
  const tenantWith: DatabaseAccess['tenant'] = (token: TenantToken, work) =>
    access.tenant(token, (session: TenantSession) =>
      work({
        ...session,
        tenantId: session.tenantId,
        query: async (statement) => {
          const answer = await session.query<never>(statement);
          const isNewer = JSON.stringify(answer.rows).includes('teleport');
          return isNewer
            ? { ...answer, rows: [{ document: JSON.stringify(document) } as never] }
            : answer;
        },
      }),
    );
  const reader = new Proxy(access.reader, {
    get: (target, name) =>
      name !== 'read'
        ? (Reflect.get(target, name) as unknown)
        : async (...args: Parameters<typeof target.read>) => {
            const found = await target.read<{
              tenant_id: string;
              state?: { format?: number } | null;
            }>(...args);
            for (const row of [...found.values()].flat())
              if (row.state?.format === 99) row.state = null;
            return found;
          },
  });
  return new Proxy(access, {
    get: (target, name) => {
      if (name === 'tenant') return tenantWith;
      if (name === 'reader') return reader;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
