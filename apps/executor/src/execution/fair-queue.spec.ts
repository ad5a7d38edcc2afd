import { FairQueue } from './fair-queue';

function taken(queue: FairQueue<string>, count: number): (string | undefined)[] {
  return Array.from({ length: count }, () => queue.take());
}

describe('FairQueue', () => {
  it('gives one of each tenant in turn, and those of a tenant in their order', () => {
    const queue = new FairQueue<string>();
    for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.add(item[0] ?? '', item);
    expect(queue.size).toBe(6);
    expect(taken(queue, 7)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3', undefined]);
    expect(queue.size).toBe(0);
  });

  it('lets a tenant that comes wait for one turn of each other, however much they have', () => {
    const queue = new FairQueue<string>();
    for (let n = 0; n < 10_000; n += 1) queue.add('noisy', `noisy${n}`);
    expect(queue.take()).toBe('noisy0');
    queue.add('quiet', 'quiet');
    expect(taken(queue, 2)).toEqual(['noisy1', 'quiet']);
    const rest = taken(queue, 9_998);
    expect(rest[0]).toBe('noisy2');
    expect(rest.at(-1)).toBe('noisy9999');
    expect(queue.size).toBe(0);
  });
});
