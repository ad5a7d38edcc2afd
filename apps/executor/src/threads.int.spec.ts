import type { Json } from '@easyflow/engine';
import { waitFor, type TestTenant } from '@easyflow/testing';
import { callTask, ExecutorRig, FakeCaller } from './executor-rig.test';

jest.setTimeout(120_000);

/** More steps than an expression may take: it fails after some hundred milliseconds of computing. */
const BOMB = '${ last(range(1000000000)) }';

describe('turns that take long', () => {
  let rig: ExecutorRig;
  let noisy: TestTenant;
  let quiet: TestTenant;

  beforeAll(async () => {
    rig = await ExecutorRig.open();
    [noisy, quiet] = [await rig.database.createTenant(), await rig.database.createTenant()];
    await rig.flow(quiet, 'pure', [{ one: { set: { n: '${ .n + 1 }' } } }]);
    await rig.flow(noisy, 'pure', [{ one: { set: { n: '${ .n + 1 }' } } }]);
    await rig.flow(noisy, 'bombs', [
      {
        loop: {
          for: { each: 'item', in: '${ .items }' },
          do: [
            {
              attempt: {
                try: [{ bomb: { set: { b: BOMB } } }],
                catch: { do: [{ next: { set: { items: '${ $item }' } } }] },
              },
            },
          ],
        },
      },
    ]);
    await rig.flow(noisy, 'bomb-then-call', [
      {
        attempt: {
          try: [{ bomb: { set: { b: BOMB } } }],
          catch: { do: [{ go: { set: { n: 1 } } }] },
        },
      },
      { call: callTask() },
      { last: { set: { answer: '${ .answer }' } } },
    ]);
  });

  afterEach(() => rig.stopAll());
  afterAll(() => rig.close());

  it('are taken by a thread: nobody else waits, and the event loop is not held', async () => {
    const executor = await rig.executor();
    const loop = watchLoop();
    const bombs = await rig.accept(noisy, 'bombs', { items: Array.from({ length: 200 }, () => 1) });
    const few = await rig.accept(noisy, 'bombs', { items: [1] });
    await executor.hinted();
    await waitFor(() => executor.live.get(noisy.id, bombs)?.isHeavy, {
      describe: 'the turn to be interrupted',
      every: 1,
    });
    loop.begin();
    for (let n = 0; n < 20; n += 1) {
      const id = await rig.accept(quiet, 'pure', { n });
      await executor.hinted();
      expect((await rig.ends(quiet, id)).output).toEqual({ n: n + 1 });
    }
    expect(await rig.ends(noisy, few)).toMatchObject({
      status: 'completed',
      output: { items: 1 },
    });
    expect((await rig.execution(noisy, bombs)).status).not.toBe('completed');
    await rig.signal(noisy, bombs, { kind: 'cancel' });
    executor.signalled([{ tenantId: noisy.id, id: bombs }]);
    expect((await rig.ends(noisy, bombs)).status).toBe('cancelled');
    // Of the CPU of this thread: what other processes take does not count. A bomb takes several hundred milliseconds.
    expect(loop.end()).toBeLessThan(100);
  });

  it('are cancelled between two of them', async () => {
    const executor = await rig.executor();
    const id = await rig.accept(noisy, 'bombs', {
      items: Array.from({ length: 300 }, (_, n) => n),
    });
    await executor.hinted();
    await waitFor(() => executor.live.get(noisy.id, id)?.isHeavy, { describe: 'the bombs' });
    await rig.signal(noisy, id, { kind: 'cancel' });
    executor.signalled([{ tenantId: noisy.id, id }]);
    expect((await rig.ends(noisy, id)).status).toBe('cancelled');
  });

  it.each([0, 3])('are cancelled while a thread takes one, after %i claims', async (attempts) => {
    const executor = await rig.executor();
    const id = await rig.accept(noisy, 'bombs', { items: Array.from({ length: 300 }, () => 1) });
    await rig.database.superuser('UPDATE ef.work SET attempts = $2 WHERE id = $1', [id, attempts]);
    await executor.hinted();
    const away = (): boolean => executor.live.get(noisy.id, id)?.phase === 'away';
    await waitFor(away, { describe: 'a thread to take the turn', every: 1 });
    await rig.signal(noisy, id, { kind: 'cancel' });
    executor.signalled([{ tenantId: noisy.id, id }]);

    expect((await rig.ends(noisy, id)).status).toBe('cancelled');
    const ends = (await rig.history(noisy, id)).filter(({ type }) => type === 'executionEnded');
    expect(ends).toHaveLength(1);
  });

  it('go on with calls and come back to the event loop', async () => {
    const caller = new FakeCaller();
    caller.answer = () => Promise.resolve({ answer: 42 });
    const executor = await rig.executor({ caller });
    const id = await rig.accept(noisy, 'bomb-then-call');
    await executor.hinted();
    expect(await rig.ends(noisy, id)).toMatchObject({
      status: 'completed',
      output: { answer: 42 },
    });
    expect(caller.calls).toHaveLength(1);
    const sequences = (await rig.history(noisy, id)).map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, n) => n + 1));
  });

  it('are those of large documents, from the first on', async () => {
    const tasks: Json[] = Array.from({ length: 1_500 }, (_, n) => ({
      [`task${n}`]: { set: { n: '${ .n + 1 }', [`a${n}`]: 'x'.repeat(30) } },
    }));
    await rig.flow(noisy, 'large', tasks);
    const executor = await rig.executor();
    const id = await rig.accept(noisy, 'large', { n: 0 });
    await executor.hinted();
    expect(await rig.ends(noisy, id)).toMatchObject({
      status: 'completed',
      output: { n: 1_500 },
    });
  });

  it('cost an execution an attempt when its thread dies, and the process nothing', async () => {
    await rig.flow(noisy, 'hungry', [
      {
        loop: {
          for: { each: 'item', in: '${ [range(40)] }' },
          do: [{ grow: { set: { all: '${ [.all, ([range(300000)] | map(tostring))] }' } } }],
        },
      },
    ]);
    const executor = await rig.executor({ settings: { threadMegabytes: 48 } });
    const hungry = await rig.accept(noisy, 'hungry');
    await executor.hinted();
    const work = await waitFor(
      async () => {
        const row = await rig.work(noisy, hungry);
        return typeof row?.['reason'] === 'string' && row;
      },
      { describe: 'the execution to be put off' },
    );
    expect(work).toMatchObject({ reason: expect.stringContaining('thread') as string });
    expect((await rig.execution(noisy, hungry)).error).toBeNull();

    const id = await rig.accept(noisy, 'bombs', { items: [1] });
    const other = await rig.accept(quiet, 'pure', { n: 1 });
    await executor.hinted();
    expect((await rig.ends(quiet, other)).output).toEqual({ n: 2 });
    expect((await rig.ends(noisy, id)).status).toBe('completed');
    await rig.signal(noisy, hungry, { kind: 'cancel' });
    expect((await rig.ends(noisy, hungry)).status).toBe('cancelled');
  });

  it('are those of what was claimed twice without a checkpoint: a death costs a thread', async () => {
    const id = await rig.accept(noisy, 'pure', { n: 1 });
    await rig.database.superuser('UPDATE ef.work SET attempts = 3 WHERE id = $1', [id]);
    await rig.executor();
    expect((await rig.ends(noisy, id)).output).toEqual({ n: 2 });
  });
});

/** The most CPU that this thread has used between two turns of the event loop, milliseconds. */
function watchLoop(): { begin: () => void; end: () => number } {
  let longest = 0;
  let last = process.threadCpuUsage();
  const look = (): void => {
    const { user, system } = process.threadCpuUsage(last);
    last = process.threadCpuUsage();
    longest = Math.max(longest, (user + system) / 1_000);
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    begin: () => {
      last = process.threadCpuUsage();
      timer = setInterval(look, 1);
    },
    end: () => {
      clearInterval(timer);
      return longest;
    },
  };
}
