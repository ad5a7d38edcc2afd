import type { RateLimiter } from '@easyflow/platform-limiter';
import type { ExecutionContext } from '@nestjs/common';
import { HeldRefusals, MOST_HELD } from './held-refusals';
import { RateLimitGuard } from './rate-limit.guard';

const principal = { tenantId: 'a', caller: { limits: { requestsPerSecond: 5 } } };
const request = {
  switchToHttp: () => ({ getRequest: () => ({ principal }) }),
} as unknown as ExecutionContext;

function guard(allowed: boolean): RateLimitGuard {
  const limiter: Pick<RateLimiter, 'take'> = {
    take: async () => ({ allowed, retryAfterMs: allowed ? 0 : 200 }),
  };
  return new RateLimitGuard(limiter as RateLimiter, new HeldRefusals());
}

describe('RateLimitGuard', () => {
  it('lets a request within the rate pass at once', async () => {
    expect(await guard(true).canActivate(request)).toBe(true);
  });

  it('holds refusals back, but not more than it can keep', async () => {
    const full = guard(false);
    const order: string[] = [];
    const refuse = (name: string) =>
      full.canActivate(request).catch((error: unknown) => {
        order.push(name);
        return error;
      });
    const held = Array.from({ length: MOST_HELD }, () => refuse('held'));
    // All of them have asked the limiter before the next one does.
    await Promise.resolve();
    const atOnce = refuse('at once');
    expect(await atOnce).toMatchObject({ status: 429, retryAfterSeconds: 0.2 });
    await Promise.all(held);
    expect(order[0]).toBe('at once');
    expect(order).toHaveLength(MOST_HELD + 1);
    await refuse('held again');
    expect(order.at(-1)).toBe('held again');
  });
});
