import type { Json } from '@easyflow/engine';
import { waitFor, type TestTenant } from '@easyflow/testing';
import { Client } from 'pg';
import { callTask, ExecutorRig, FakeCaller } from './executor-rig.test';

jest.setTimeout(120_000);

describe('a flush of 100 tenants', () => {
  let rig: ExecutorRig;
  let tenants: TestTenant[];

  beforeAll(async () => {
    rig = await ExecutorRig.open();
    tenants = await rig.tenants(100);
    for (const tenant of tenants) await rig.flow(tenant, 'call', [{ call: callTask() }]);
  });

  afterEach(() => rig.stopAll());
  afterAll(() => rig.close());

  it('commits the others when the data of one execution cannot be stored', async () => {
    const { ids, caller, finish } = await begun();
    const poisoned = ids[41] as string;
    // Nested deeper than anything can write it.
    let deep: Json = 1;
    for (let depth = 0; depth < 50_000; depth += 1) deep = [deep];
    finish((index) => (ids[index] === poisoned ? deep : { ok: index }));

    await endAll(ids, 41);
    expect(caller.calls).toHaveLength(100);
    const row = await rig.ends(tenants[41] as TestTenant, poisoned);
    expect(row.status).toBe('faulted');
    expect(row.error?.type).toContain('runtime');
  });

  it('commits the others while one tenant is locked, and its own when it is free again', async () => {
    const { ids, finish } = await begun();
    const locked = tenants[7] as TestTenant;
    const mover = new Client({ connectionString: rig.database.databaseUrl });
    await mover.connect();
    try {
      await mover.query('SELECT pg_advisory_lock(uuid_hash_extended($1::uuid, 20250))', [
        locked.id,
      ]);
      finish((index) => ({ ok: index }));
      await endAll(ids, 7);
      expect((await rig.execution(locked, ids[7] as string)).status).not.toBe('completed');
    } finally {
      await mover.end();
    }
    expect((await rig.ends(locked, ids[7] as string)).output).toEqual({ ok: 7 });
  });

  it('commits the others when the token of one is not believed any more', async () => {
    const { ids, finish } = await begun();
    const moved = tenants[99] as TestTenant;
    await rig.database.superuser(
      'UPDATE ctx.placements SET epoch = epoch + 1 WHERE tenant_id = $1',
      [moved.id],
    );
    finish((index) => ({ ok: index }));

    await endAll(ids, 99);
    expect((await rig.ends(moved, ids[99] as string)).output).toEqual({ ok: 99 });
  });

  /** One execution a tenant, all in their call. `finish` answers the calls at once. */
  async function begun() {
    const caller = new FakeCaller();
    const answers: ((value: Json) => void)[] = [];
    caller.answer = () => new Promise((resolve) => answers.push(resolve));
    const ids: string[] = [];
    for (const tenant of tenants) ids.push(await rig.accept(tenant, 'call'));
    const executor = await rig.executor({ caller });
    await waitFor(() => answers.length === tenants.length, { describe: 'all calls' });
    const index = (key: string) => ids.findIndex((id) => keys.get(id) === key);
    const keys = new Map<string, string>();
    for (const execution of executor.live.all()) {
      const [key] = execution.effects.keys();
      if (key !== undefined) keys.set(execution.facts.id, key);
    }
    const finish = (output: (index: number) => Json) =>
      answers.forEach((answer, n) => answer(output(index(caller.calls[n]?.key ?? ''))));
    return { ids, caller, finish, executor };
  }

  async function endAll(ids: readonly string[], except: number): Promise<void> {
    for (const [index, id] of ids.entries()) {
      if (index === except) continue;
      const row = await rig.ends(tenants[index] as TestTenant, id);
      expect(row).toMatchObject({ status: 'completed', output: { ok: index } });
    }
  }
});
