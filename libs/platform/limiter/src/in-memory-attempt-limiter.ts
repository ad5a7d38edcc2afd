import { systemClock, type Clock } from '@easyflow/kernel-time';
import { LRUCache } from 'lru-cache';
import { assertAttempt, type AttemptLimiter } from './attempt-limiter';
import type { RateDecision } from './rate-limiter';

interface Window {
  attempts: number;
  endsAt: number;
}

/** Beyond this many keys the least used are forgotten: memory is bounded whatever is sent. */
const MOST_KEYS = 100_000;

/** Attempts of one process, in memory. Not shared: n processes allow n times as many. */
export class InMemoryAttemptLimiter implements AttemptLimiter {
  private readonly windows = new LRUCache<string, Window>({ max: MOST_KEYS });
  private readonly remembered = new LRUCache<string, number>({ max: MOST_KEYS });

  constructor(private readonly clock: Pick<Clock, 'monotonic'> = systemClock) {}

  async book(key: string, limit: number, windowMs: number): Promise<RateDecision> {
    assertAttempt(key, limit, windowMs);
    const now = this.clock.monotonic();
    const known = this.windows.get(key);
    const window = known && known.endsAt > now ? known : { attempts: 0, endsAt: now + windowMs };
    if (window.attempts >= limit) {
      return { allowed: false, retryAfterMs: Math.ceil(window.endsAt - now) };
    }
    window.attempts += 1;
    this.windows.set(key, window);
    return { allowed: true, retryAfterMs: 0 };
  }

  async refund(key: string): Promise<void> {
    assertAttempt(key);
    const window = this.windows.get(key);
    if (window && window.attempts > 0) window.attempts -= 1;
  }

  async remember(key: string, forMs: number): Promise<void> {
    assertAttempt(key, forMs);
    this.remembered.set(key, this.clock.monotonic() + forMs);
  }

  async knows(key: string): Promise<boolean> {
    assertAttempt(key);
    return (this.remembered.get(key) ?? 0) > this.clock.monotonic();
  }

  async close(): Promise<void> {
    this.windows.clear();
    this.remembered.clear();
  }
}
