import { isId } from '@easyflow/kernel-ids';
import { systemClock, type Clock } from '@easyflow/kernel-time';
import type { RateDecision, RateLimiter } from './rate-limiter';

interface Bucket {
  tokens: number;
  refilledAt: number;
}

/** Beyond this many tenants, buckets that are full again are forgotten: they say nothing. */
const SWEEP_AT = 10_000;

/** Limits of one process, in memory. Not shared: n processes allow n times the rate. */
export class InMemoryRateLimiter implements RateLimiter {
  private readonly buckets = new Map<string, Bucket>();
  private sweepAt = SWEEP_AT;

  constructor(private readonly clock: Clock = systemClock) {}

  async take(tenantId: string, perSecond: number, cost = 1): Promise<RateDecision> {
    assertTake(tenantId, perSecond, cost);
    const now = this.clock.monotonic();
    const bucket = this.bucketOf(tenantId, perSecond, now);
    const elapsed = Math.max(0, now - bucket.refilledAt);
    bucket.tokens = Math.min(perSecond, bucket.tokens + (elapsed * perSecond) / 1000);
    bucket.refilledAt = now;
    const needed = Math.min(cost, perSecond);
    if (bucket.tokens >= needed) {
      // A cost above a whole second's worth passes with a full bucket and is paid off afterwards.
      bucket.tokens -= cost;
      return { allowed: true, retryAfterMs: 0 };
    }
    return {
      allowed: false,
      retryAfterMs: Math.ceil(((needed - bucket.tokens) * 1000) / perSecond),
    };
  }

  async close(): Promise<void> {
    this.buckets.clear();
  }

  private bucketOf(tenantId: string, perSecond: number, now: number): Bucket {
    const known = this.buckets.get(tenantId);
    if (known) return known;
    if (this.buckets.size >= this.sweepAt) this.sweep(now);
    const bucket = { tokens: perSecond, refilledAt: now };
    this.buckets.set(tenantId, bucket);
    return bucket;
  }

  private sweep(now: number): void {
    for (const [tenantId, bucket] of this.buckets) {
      if (bucket.tokens >= 0 && now - bucket.refilledAt >= 1000) this.buckets.delete(tenantId);
    }
    // Amortised: the next sweep comes when the survivors have doubled.
    this.sweepAt = Math.max(SWEEP_AT, this.buckets.size * 2);
  }
}

/** @throws RangeError when the arguments of `take` are not usable; shared by the adapters */
export function assertTake(tenantId: string, perSecond: number, cost: number): void {
  if (!isId(tenantId)) throw new RangeError('A tenant id is a UUID in lower case');
  if (!(perSecond > 0) || !(cost > 0)) throw new RangeError('Rate and cost are positive numbers');
}
