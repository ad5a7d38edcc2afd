import {
  assertTake,
  InMemoryRateLimiter,
  type RateDecision,
  type RateLimiter,
} from '@easyflow/platform-limiter';
import { loadRateFunction, TAKE_FUNCTION } from './rate-function';
import { RedisFunctions, type RedisFunctionsOptions } from './redis-functions';
import { tenantKey } from './tenant-key';

/** Limits over all processes, counted in Redis; this process's own while Redis cannot be asked. */
export class RedisRateLimiter implements RateLimiter {
  private readonly functions: RedisFunctions;
  private readonly local = new InMemoryRateLimiter();

  /** `bucket` names what is counted: requests (`rate`), or what flows start by themselves (`starts`). */
  constructor(
    options: RedisFunctionsOptions,
    private readonly bucket: 'rate' | 'starts' = 'rate',
  ) {
    this.functions = new RedisFunctions(options, { what: 'rate limits', load: loadRateFunction });
  }

  async take(tenantId: string, perSecond: number, cost = 1): Promise<RateDecision> {
    assertTake(tenantId, perSecond, cost);
    const key = tenantKey(tenantId, this.bucket);
    const waitMs = await this.functions.call(TAKE_FUNCTION, key, perSecond, cost);
    if (waitMs === undefined) return this.local.take(tenantId, perSecond, cost);
    return { allowed: waitMs === 0, retryAfterMs: waitMs };
  }

  /** Whether Redis can be asked now. */
  isUp(): boolean {
    return this.functions.isUp();
  }

  /** Whether limits are shared at this moment. */
  isShared(): boolean {
    return this.functions.isShared();
  }

  async close(): Promise<void> {
    await this.functions.close();
    await this.local.close();
  }
}
