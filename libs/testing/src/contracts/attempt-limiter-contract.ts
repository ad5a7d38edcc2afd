import { randomBytes } from 'node:crypto';
import type { AttemptLimiter } from '@easyflow/platform-limiter';
import { waitFor } from '../wait-for';

const newKey = () => randomBytes(32).toString('hex');
const MINUTE = 60_000;

/** The behaviour of the attempt-limiter port, the same for every adapter. */
export function runAttemptLimiterContract(name: string, open: () => Promise<AttemptLimiter>): void {
  describe(`attempt limiter contract: ${name}`, () => {
    let limiter: AttemptLimiter;

    beforeAll(async () => {
      limiter = await open();
    });
    afterAll(() => limiter.close());

    it('allows so many attempts in a window, and says how long it still lasts', async () => {
      const key = newKey();
      const decisions = await Promise.all(
        Array.from({ length: 8 }, () => limiter.book(key, 5, MINUTE)),
      );
      expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(5);
      const refused = await limiter.book(key, 5, MINUTE);
      expect(refused.allowed).toBe(false);
      expect(refused.retryAfterMs).toBeGreaterThan(0);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(MINUTE);
      expect((await limiter.book(newKey(), 5, MINUTE)).allowed).toBe(true);
    });

    it('begins anew when the window is over, however often it was refused', async () => {
      const key = newKey();
      await limiter.book(key, 1, 300);
      await waitFor(async () => (await limiter.book(key, 1, 300)).allowed, {
        describe: 'the window to end',
      });
      expect((await limiter.book(key, 1, MINUTE)).allowed).toBe(false);
    });

    it('takes attempts back, and never more than were booked', async () => {
      const key = newKey();
      await limiter.refund(key);
      await limiter.book(key, 1, MINUTE);
      await limiter.refund(key);
      await limiter.refund(key);
      expect((await limiter.book(key, 1, MINUTE)).allowed).toBe(true);
      expect((await limiter.book(key, 1, MINUTE)).allowed).toBe(false);
    });

    it('remembers for a while', async () => {
      const [long, short] = [newKey(), newKey()];
      expect(await limiter.knows(long)).toBe(false);
      await limiter.remember(long, MINUTE);
      await limiter.remember(short, 200);
      expect(await limiter.knows(long)).toBe(true);
      await waitFor(async () => !(await limiter.knows(short)), { describe: 'it to be forgotten' });
      expect(await limiter.knows(long)).toBe(true);
      expect((await limiter.book(long, 1, MINUTE)).allowed).toBe(true);
    });

    it.each(['', '*', 'a'.repeat(63), `${'a'.repeat(64)}:`, 'A'.repeat(64)])(
      'refuses the key "%s"',
      async (key) => {
        await expect(limiter.book(key, 1, 1)).rejects.toThrow(RangeError);
        await expect(limiter.knows(key)).rejects.toThrow(RangeError);
      },
    );

    it('refuses limits that are none', async () => {
      await expect(limiter.book(newKey(), 0, 1)).rejects.toThrow(RangeError);
      await expect(limiter.book(newKey(), 1, Number.NaN)).rejects.toThrow(RangeError);
      await expect(limiter.remember(newKey(), 0)).rejects.toThrow(RangeError);
    });
  });
}
