import { FairQueue } from './fair-queue';

interface Item {
  tenantId: string;
  size: number;
  n: number;
}

const all = { items: 1_000, bytes: 1_000_000 };

function queueOf(...counts: readonly (readonly [tenantId: string, count: number])[]) {
  const queue = new FairQueue<Item>();
  for (const [tenantId, count] of counts) {
    for (let n = 0; n < count; n += 1) queue.push({ tenantId, size: 10, n });
  }
  return queue;
}
const names = (items: readonly Item[]) => items.map(({ tenantId, n }) => `${tenantId}${n}`);

describe('FairQueue', () => {
  it('serves tenants in turn, each in its order', () => {
    const queue = queueOf(['a', 3], ['b', 1], ['c', 2]);
    expect(queue.length).toBe(6);
    expect(names(queue.take(all))).toEqual(['a0', 'b0', 'c0', 'a1', 'c1', 'a2']);
    expect(queue.length).toBe(0);
    expect(queue.take(all)).toEqual([]);
  });

  it('goes on where it stopped', () => {
    const queue = queueOf(['a', 3], ['b', 3], ['c', 3]);
    expect(names(queue.take({ ...all, items: 2 }))).toEqual(['a0', 'b0']);
    queue.push({ tenantId: 'a', size: 10, n: 3 });
    expect(names(queue.take({ ...all, items: 2 }))).toEqual(['c0', 'a1']);
  });

  it('takes so many bytes, but one item in any case', () => {
    const queue = queueOf(['a', 3]);
    expect(names(queue.take({ items: 10, bytes: 25 }))).toEqual(['a0', 'a1']);
    expect(names(queue.take({ items: 10, bytes: 1 }))).toEqual(['a2']);
  });

  it('keeps the order of many', () => {
    const queue = queueOf(['a', 5_000]);
    const seen: Item[] = [];
    while (queue.length > 0) seen.push(...queue.take({ ...all, items: 300 }));
    expect(seen.map(({ n }) => n)).toEqual(Array.from({ length: 5_000 }, (_, n) => n));
  });
});
