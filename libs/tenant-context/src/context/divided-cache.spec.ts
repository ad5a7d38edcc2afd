import { DividedCache } from './divided-cache';
import { pairKey } from './tenant-key';

function cacheOf(limits: { ofTenant: number; all: number }) {
  const cache = new DividedCache<string>(limits);
  const set = (tenant: string, name: string, size: number) =>
    cache.set(tenant, pairKey(tenant, name), name, size);
  const has = (tenant: string, name: string) => cache.get(tenant, pairKey(tenant, name)) === name;
  return { cache, set, has };
}

describe('DividedCache', () => {
  it('forgets a tenant’s least recently used beyond its share, and nothing of others', () => {
    const { set, has } = cacheOf({ ofTenant: 100, all: 1_000 });
    set('quiet', 'one', 100);
    for (let n = 0; n < 10; n += 1) {
      set('noisy', `flow ${n}`, 40);
      expect(has('noisy', 'flow 0')).toBe(true);
    }
    expect(has('noisy', 'flow 8')).toBe(false);
    expect(has('noisy', 'flow 9')).toBe(true);
    expect(has('quiet', 'one')).toBe(true);
  });

  it('takes from the tenant that keeps most when all is full', () => {
    const { set, has } = cacheOf({ ofTenant: 100, all: 200 });
    set('quiet', 'one', 10);
    set('a', 'one', 50);
    set('a', 'two', 45);
    set('b', 'one', 90);
    set('c', 'one', 50);
    expect([has('a', 'one'), has('a', 'two')]).toEqual([false, true]);
    expect([has('quiet', 'one'), has('b', 'one'), has('c', 'one')]).toEqual([true, true, true]);
  });

  it('keeps nothing that is larger than a share', () => {
    const { set, has } = cacheOf({ ofTenant: 100, all: 1_000 });
    set('a', 'one', 60);
    set('a', 'large', 101);
    expect([has('a', 'one'), has('a', 'large')]).toEqual([true, false]);
  });

  it('replaces and deletes', () => {
    const { cache, set, has } = cacheOf({ ofTenant: 100, all: 1_000 });
    set('a', 'one', 60);
    set('a', 'one', 80);
    set('a', 'two', 20);
    expect([has('a', 'one'), has('a', 'two')]).toEqual([true, true]);
    cache.delete('a', pairKey('a', 'one'));
    expect(has('a', 'one')).toBe(false);
  });

  it('holds each tenant’s things apart', () => {
    const { cache } = cacheOf({ ofTenant: 100, all: 1_000 });
    cache.set('a', pairKey('a', 'one'), 'of a', 1);
    expect(cache.get('b', pairKey('a', 'one'))).toBeUndefined();
    expect(cache.get('b', pairKey('b', 'one'))).toBeUndefined();
  });
});
