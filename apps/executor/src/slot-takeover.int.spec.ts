import { newId } from '@easyflow/kernel-ids';
import { waitFor, type TestTenant } from '@easyflow/testing';
import type { Executor } from './executor';
import { ExecutorRig, FakeCaller, callTask } from './executor-rig.test';

describe('an executor whose slot was taken over', () => {
  let rig: ExecutorRig;
  let tenant: TestTenant;

  beforeAll(async () => {
    rig = await ExecutorRig.open();
    tenant = await rig.database.createTenant();
    await rig.flow(tenant, 'pure', [{ one: { set: { n: 1 } } }]);
    await rig.flow(tenant, 'call', [{ call: callTask() }]);
  }, 60_000);
  afterEach(() => rig.stopAll());
  afterAll(() => rig.close(), 30_000);

  const settings = (slot: string) => ({ slot, pollMs: 20 });

  it('is not ready until it has registered again, and then runs what comes', async () => {
    const slot = newId();
    const executor = await rig.executor({ settings: settings(slot) });
    expect(executor.registered).toBe(true);
    await rig.database.registerOwner('executor', slot);
    await waitFor(() => !executor.registered, { describe: 'the loss to be noticed', every: 5 });
    await waitFor(() => executor.registered, { describe: 'the slot to be registered again' });
    const id = await rig.accept(tenant, 'pure');
    expect((await rig.ends(tenant, id)).status).toBe('completed');
  });

  it('leaves what it had begun to whoever claims it', async () => {
    const slot = newId();
    const caller = new FakeCaller();
    caller.answer = () => new Promise(() => undefined);
    const executor = await rig.executor({ caller, settings: settings(slot) });
    const id = await rig.accept(tenant, 'call');
    await waitFor(() => caller.calls.length === 1, { describe: 'the call' });
    caller.answer = async () => ({ again: true });
    await rig.database.registerOwner('executor', slot);
    expect((await rig.ends(tenant, id)).output).toEqual({ again: true });
    expect(caller.calls.map(({ key }) => key)).toEqual([
      caller.calls[0]?.key,
      caller.calls[0]?.key,
    ]);
    await waitFor(() => executor.live.empty, { describe: 'nothing to be in memory' });
  });

  it('does not fight over it: of two processes with one slot each soon has one of its own', async () => {
    const slot = newId();
    const executors: Executor[] = [];
    for (let n = 0; n < 2; n += 1) executors.push(await rig.executor({ settings: settings(slot) }));
    const owners = async () =>
      (
        await rig.database.superuser<{ owner: string }>(
          'SELECT owner FROM ctx.owners WHERE starts_with(owner, $1) ORDER BY 1',
          [`executor.${slot.slice(0, 58)}`],
        )
      ).map(({ owner }) => owner);
    await waitFor(
      async () => (await owners()).length === 2 && executors.every(({ registered }) => registered),
      { describe: 'two slots', timeout: 20_000 },
    );
    const registered = await rig.count('SELECT count(*) FROM ctx.owners');
    const ids = await Promise.all(Array.from({ length: 20 }, () => rig.accept(tenant, 'pure')));
    for (const id of ids) expect((await rig.ends(tenant, id)).status).toBe('completed');
    expect(executors.every((executor) => executor.registered)).toBe(true);
    expect(await rig.count('SELECT count(*) FROM ctx.owners')).toBe(registered);
  });

  it('stays without when the slot is another’s: its process ends', async () => {
    const slot = newId();
    const asked = jest.fn(async () => false);
    const executor = await rig.executor({ settings: settings(slot), ownsSlot: asked });
    const other = await rig.database.registerOwner('executor', slot);
    await waitFor(() => asked.mock.calls.length > 0, { describe: 'the question whose it is' });
    expect(executor.registered).toBe(false);
    const access = await rig.database.accessFor(['ef_claim']);
    await expect(access.claims.claim(other, ['execution'], 1)).resolves.toEqual([]);
  });
});
