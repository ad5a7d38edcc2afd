import { newId } from '@easyflow/kernel-ids';
import type { RateLimiter } from '@easyflow/platform-limiter';
import { waitFor } from '../wait-for';

const SOME_ID = '019abcde-0000-7000-8000-00000000abcd';

/** The behaviour of the rate-limiter port, the same for every adapter. */
export function runRateLimiterContract(name: string, open: () => Promise<RateLimiter>): void {
  describe(`rate limiter contract: ${name}`, () => {
    let limiter: RateLimiter;
    /** So slow that no token comes back while a test runs. */
    const SLOW = 0.01;

    beforeAll(async () => {
      limiter = await open();
    });
    afterAll(() => limiter.close());

    it("allows one second's worth at once and then says how long to wait", async () => {
      const tenant = newId();
      expect(await limiter.take(tenant, 50, 50)).toEqual({ allowed: true, retryAfterMs: 0 });
      const refused = await limiter.take(tenant, 50, 50);
      expect(refused.allowed).toBe(false);
      expect(refused.retryAfterMs).toBeGreaterThan(0);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(1_000);
      await waitFor(async () => (await limiter.take(tenant, 50, 50)).allowed, {
        describe: 'the bucket to be full again',
      });
    });

    it('counts each request', async () => {
      const tenant = newId();
      const decisions = await Promise.all(
        Array.from({ length: 200 }, () => limiter.take(tenant, 100)),
      );
      const allowed = decisions.filter((decision) => decision.allowed).length;
      expect(allowed).toBeGreaterThanOrEqual(100);
      expect(allowed).toBeLessThan(200);
    });

    it('takes nothing from a bucket that has not enough', async () => {
      const tenant = newId();
      expect((await limiter.take(tenant, SLOW)).allowed).toBe(true);
      const first = await limiter.take(tenant, SLOW);
      const second = await limiter.take(tenant, SLOW);
      expect(first.allowed || second.allowed).toBe(false);
      expect(second.retryAfterMs).toBeLessThanOrEqual(first.retryAfterMs);
    });

    it('lets a cost above the rate pass a full bucket, to be paid off afterwards', async () => {
      const tenant = newId();
      expect((await limiter.take(tenant, 1, 30)).allowed).toBe(true);
      expect((await limiter.take(tenant, 1)).retryAfterMs).toBeGreaterThan(5_000);
    });

    it("leaves other tenants' buckets alone", async () => {
      const [noisy, quiet] = [newId(), newId()];
      await limiter.take(noisy, SLOW);
      expect((await limiter.take(noisy, SLOW)).allowed).toBe(false);
      expect((await limiter.take(quiet, SLOW)).allowed).toBe(true);
    });

    it.each(['', '*', 't:x', `${SOME_ID}:rate`, SOME_ID.toUpperCase(), `${SOME_ID}*`])(
      'refuses the tenant id "%s" (redis_key_escape)',
      async (id) => {
        await expect(limiter.take(id, 1)).rejects.toThrow(RangeError);
        expect((await limiter.take(newId(), 1)).allowed).toBe(true);
      },
    );

    it.each([
      [0, 1],
      [-1, 1],
      [Number.NaN, 1],
      [1, 0],
      [1, -1],
    ])('refuses the rate %d with the cost %d', async (rate, cost) => {
      await expect(limiter.take(newId(), rate, cost)).rejects.toThrow(RangeError);
    });
  });
}
