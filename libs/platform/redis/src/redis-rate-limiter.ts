import {
  assertTake,
  InMemoryRateLimiter,
  type RateDecision,
  type RateLimiter,
} from '@easyflow/platform-limiter';
import { Redis } from 'ioredis';
import { loadRateFunction, TAKE_FUNCTION } from './rate-function';
import { tenantKey } from './tenant-key';

/** What the limiter logs to; a pino logger is one. */
export interface RedisLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

export interface RedisRateLimiterOptions {
  /** `redis://[user:password@]host:port`, `rediss://` over TLS. */
  url: string;
  log: RedisLog;
  /** Longest wait for an answer, milliseconds; default 50. A limit is not worth more of a request's time. */
  timeoutMs?: number;
  /** How long limits are local after a failure before Redis is asked again, milliseconds; default 1,000. */
  restMs?: number;
}

/**
 * Limits over all gateways, counted in Redis. When Redis is down, slow or does not know the Function, limits are
 * this process's own for a moment: a request never fails or waits for it.
 */
export class RedisRateLimiter implements RateLimiter {
  private readonly redis: Redis;
  private readonly local = new InMemoryRateLimiter();
  private readonly restMs: number;
  private restUntil = 0;
  private resting = true;
  private loading: Promise<void> | undefined;

  constructor(private readonly options: RedisRateLimiterOptions) {
    this.restMs = options.restMs ?? 1_000;
    this.redis = new Redis(options.url, {
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 1_000,
      commandTimeout: options.timeoutMs ?? 50,
      retryStrategy: (attempt) => Math.min(attempt * 50, 1_000),
    });
    // Without a listener ioredis prints every failed attempt to connect.
    this.redis.on('error', (error) => this.options.log.debug({ error }, 'Redis reports an error'));
    this.redis.on('close', () => this.rest(undefined));
    this.redis.on('ready', () => void this.load());
  }

  async take(tenantId: string, perSecond: number, cost = 1): Promise<RateDecision> {
    assertTake(tenantId, perSecond, cost);
    if (!this.usable()) return this.local.take(tenantId, perSecond, cost);
    try {
      const key = tenantKey(tenantId, 'rate');
      const waitMs = Number(await this.redis.fcall(TAKE_FUNCTION, 1, key, perSecond, cost));
      this.works();
      return { allowed: waitMs === 0, retryAfterMs: waitMs };
    } catch (error) {
      this.rest(error);
      return this.local.take(tenantId, perSecond, cost);
    }
  }

  /** Whether limits are shared at this moment. */
  isShared(): boolean {
    return !this.resting;
  }

  async close(): Promise<void> {
    this.redis.disconnect();
    await this.loading;
    await this.local.close();
  }

  private usable(): boolean {
    return this.redis.status === 'ready' && performance.now() >= this.restUntil;
  }

  private works(): void {
    if (!this.resting) return;
    this.resting = false;
    this.options.log.info({}, 'Rate limits are shared through Redis');
  }

  private rest(error: unknown): void {
    this.restUntil = performance.now() + this.restMs;
    if (!this.resting)
      this.options.log.warn({ error }, 'Redis fails; rate limits are local for now');
    this.resting = true;
    // A Redis whose functions were flushed has lost ours.
    if (error instanceof Error && /function not found/i.test(error.message)) void this.load();
  }

  /** A server whose ACL does not let us load it got the Function at deployment. */
  private load(): Promise<void> {
    this.loading ??= loadRateFunction(this.redis)
      .catch((error: unknown) => {
        this.options.log.debug({ error }, 'The rate function could not be loaded');
      })
      .finally(() => {
        this.loading = undefined;
      });
    return this.loading;
  }
}
