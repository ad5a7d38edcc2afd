import { newId } from '@easyflow/kernel-ids';
import { runRateLimiterContract } from '@easyflow/testing';
import { InMemoryRateLimiter } from './in-memory-rate-limiter';

runRateLimiterContract('in-memory', async () => new InMemoryRateLimiter());

describe('InMemoryRateLimiter', () => {
  it('refills evenly and never beyond one second', async () => {
    let now = 0;
    const limiter = new InMemoryRateLimiter({ now: () => now, monotonic: () => now });
    const tenant = newId();
    const allowedOf = async (attempts: number): Promise<number> => {
      let allowed = 0;
      for (let index = 0; index < attempts; index += 1) {
        if ((await limiter.take(tenant, 10)).allowed) allowed += 1;
      }
      return allowed;
    };
    expect(await allowedOf(20)).toBe(10);
    expect(await limiter.take(tenant, 10)).toEqual({ allowed: false, retryAfterMs: 100 });
    now += 300;
    expect(await allowedOf(20)).toBe(3);
    now += 60_000;
    expect(await allowedOf(20)).toBe(10);
  });

  it('keeps the limits of the busy when it forgets the idle', async () => {
    let now = 0;
    const limiter = new InMemoryRateLimiter({ now: () => now, monotonic: () => now });
    const busy = newId();
    for (let index = 0; index < 10_000; index += 1) await limiter.take(newId(), 1);
    now += 5_000;
    expect((await limiter.take(busy, 1)).allowed).toBe(true);
    for (let index = 0; index < 10_000; index += 1) await limiter.take(newId(), 1);
    expect((await limiter.take(busy, 1)).allowed).toBe(false);
  });
});
