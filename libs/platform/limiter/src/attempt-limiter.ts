import type { RateDecision } from './rate-limiter';

/**
 * The attempt-limiter port: counts what may be tried only a few times in a window (passwords), and remembers what has
 * succeeded. Keys are SHA-256 in hex: what they are made of is nobody's business, and cannot escape a prefix. Never
 * rejects: an adapter whose server is down decides by itself.
 */
export interface AttemptLimiter {
  /**
   * Books an attempt under the key; at most `limit` in a window that begins with the first. A refusal says how long
   * the window still lasts.
   * @throws RangeError when the key is not a hash or a number not positive
   */
  book(key: string, limit: number, windowMs: number): Promise<RateDecision>;
  /** Takes an attempt back: it was none that counts. */
  refund(key: string): Promise<void>;
  /** Remembers the key for so long. */
  remember(key: string, forMs: number): Promise<void>;
  /** Whether the key is remembered. */
  knows(key: string): Promise<boolean>;
  close(): Promise<void>;
}

/** @throws RangeError when the arguments of an attempt limiter are not usable; shared by the adapters */
export function assertAttempt(key: string, ...numbers: readonly number[]): void {
  if (!/^[0-9a-f]{64}$/.test(key)) throw new RangeError('A key is a SHA-256 in lower-case hex');
  if (!numbers.every((number) => number > 0)) throw new RangeError('Limits are positive numbers');
}
