import {
  assertAttempt,
  InMemoryAttemptLimiter,
  type AttemptLimiter,
  type RateDecision,
} from '@easyflow/platform-limiter';
import { ATTEMPT_FUNCTIONS, loadAttemptFunctions } from './attempt-functions';
import { RedisFunctions, type RedisFunctionsOptions } from './redis-functions';

/** Attempts over all gateways, counted in Redis; this process's own while Redis cannot be asked. */
export class RedisAttemptLimiter implements AttemptLimiter {
  private readonly functions: RedisFunctions;
  private readonly local = new InMemoryAttemptLimiter();

  constructor(options: RedisFunctionsOptions) {
    this.functions = new RedisFunctions(options, {
      what: 'limits of attempts',
      load: loadAttemptFunctions,
    });
  }

  async book(key: string, limit: number, windowMs: number): Promise<RateDecision> {
    assertAttempt(key, limit, windowMs);
    const { book } = ATTEMPT_FUNCTIONS;
    const waitMs = await this.functions.call(book, countKey(key), limit, windowMs);
    if (waitMs === undefined) return this.local.book(key, limit, windowMs);
    return { allowed: waitMs === 0, retryAfterMs: waitMs };
  }

  async refund(key: string): Promise<void> {
    assertAttempt(key);
    const done = await this.functions.call(ATTEMPT_FUNCTIONS.refund, countKey(key));
    if (done === undefined) await this.local.refund(key);
  }

  async remember(key: string, forMs: number): Promise<void> {
    assertAttempt(key, forMs);
    // Here too: what succeeded is still known when Redis goes.
    await this.local.remember(key, forMs);
    await this.functions.call(ATTEMPT_FUNCTIONS.remember, knownKey(key), forMs);
  }

  async knows(key: string): Promise<boolean> {
    assertAttempt(key);
    const known = await this.functions.call(ATTEMPT_FUNCTIONS.knows, knownKey(key));
    return known === undefined ? this.local.knows(key) : known === 1;
  }

  /** Whether attempts are shared at this moment. */
  isShared(): boolean {
    return this.functions.isShared();
  }

  async close(): Promise<void> {
    await this.functions.close();
    await this.local.close();
  }
}

function countKey(key: string): string {
  return `login:${key}:attempts`;
}

function knownKey(key: string): string {
  return `login:${key}:known`;
}
