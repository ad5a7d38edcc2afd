import { BoundedQueue } from './bounded-queue';

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('BoundedQueue', () => {
  it('runs so many at a time, in order, and refuses what is too much', async () => {
    const queue = new BoundedQueue({ atOnce: 2, waiting: 1 });
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const start = (n: number) =>
      queue.run(async () => {
        begun.push(n);
        await new Promise<void>((resolve) => ends.push(resolve));
        return n;
      });
    const [first, second, third] = [start(1), start(2), start(3)];
    expect(start(4)).toBeUndefined();
    expect(begun).toEqual([1, 2]);
    ends.shift()?.();
    await expect(first).resolves.toBe(1);
    await settled();
    expect(begun).toEqual([1, 2, 3]);
    expect(queue.idle).toBe(false);
    for (const end of ends) end();
    await expect(Promise.all([second, third])).resolves.toEqual([2, 3]);
    expect(queue.idle).toBe(true);
  });

  it('goes on after a failure', async () => {
    const queue = new BoundedQueue({ atOnce: 1, waiting: 1 });
    const failed = queue.run(async () => {
      throw new Error('no');
    });
    const next = queue.run(async () => 'yes');
    await expect(failed).rejects.toThrow('no');
    await expect(next).resolves.toBe('yes');
  });
});
