import { UserError } from '@easyflow/kernel-errors';
import type { AttemptLimiter } from '@easyflow/platform-limiter';
import { createHash } from 'node:crypto';
import { Turns } from '../authentication/turns';
import { addressGroup } from '../http/client-address';

/** Wrong passwords in a window, by account, and by address over all accounts (a company may sit behind one). */
export const LOGIN_LIMITS = { windowMs: 60_000, account: 30, address: 300 } as const;

/** How long an address counts as one from which an account's owner logs in. */
const FAMILIAR_MS = 24 * 3_600_000;

/** Attempts of one account that a process verifies at once, and that wait for it. */
const ACCOUNT_TURNS = { atOnce: 4, waiting: 32 };

/** The same of one address: the issuer hashes two passwords at a time, for everybody. */
const ADDRESS_TURNS = { atOnce: 8, waiting: LOGIN_LIMITS.address };

/** What a login is tried with, and from where. */
export interface LoginAttempt {
  email: string;
  /** Of the client, as far as proxies are trusted. */
  address: string;
}

/**
 * Bounds how many passwords can be guessed. It looks at what was sent only, never at whether there is such an account,
 * so it tells nothing of that; and a refused attempt is answered before anything is looked up or hashed.
 *
 * Who guesses from many addresses fills the account's limit and locks its owner out for as long; so an address from
 * which the account has logged in within a day has a limit of its own for it, which nobody else fills. An attempt
 * is booked before it is verified, and taken back when it was right; so that right ones sent side by side do not fill
 * the limit meanwhile, a process verifies few of one account at a time; and few of one address, so that others find
 * the issuer free.
 */
export class LoginThrottle {
  private readonly turns = new Turns();

  constructor(private readonly attempts: AttemptLimiter) {}

  /**
   * Runs `login` when the limits allow it. A UserError of it is a wrong attempt.
   * @throws UserError `auth.too_many_attempts` (429)
   */
  async attempt<T>(attempt: LoginAttempt, login: () => Promise<T>): Promise<T> {
    const { email } = attempt;
    const address = addressGroup(attempt.address);
    const account = hashOf('account', email.normalize('NFKC').toLowerCase());
    const familiar = hashOf('familiar', account, address);
    const from = hashOf('address', address);
    const run = async (): Promise<T> => {
      const booked = await this.book(account, familiar, from);
      try {
        const answer = await login();
        await this.refund(booked);
        await this.attempts.remember(familiar, FAMILIAR_MS);
        return answer;
      } catch (error) {
        // The attempt was not judged.
        if (!(error instanceof UserError)) await this.refund(booked);
        throw error;
      }
    };
    const fromAddress = async (): Promise<T> => {
      const turn = this.turns.run(from, ADDRESS_TURNS, run);
      if (!turn) throw tooMany(1_000);
      return turn;
    };
    const turn = this.turns.run(account, ACCOUNT_TURNS, fromAddress);
    if (!turn) throw tooMany(1_000);
    return turn;
  }

  /** The keys booked. */
  private async book(account: string, familiar: string, address: string): Promise<string[]> {
    const wanted: readonly (readonly [string, number])[] = (await this.attempts.knows(familiar))
      ? [[familiar, LOGIN_LIMITS.account]]
      : [
          [address, LOGIN_LIMITS.address],
          [account, LOGIN_LIMITS.account],
        ];
    const booked: string[] = [];
    for (const [key, limit] of wanted) {
      const decision = await this.attempts.book(key, limit, LOGIN_LIMITS.windowMs);
      if (!decision.allowed) {
        await this.refund(booked);
        throw tooMany(decision.retryAfterMs);
      }
      booked.push(key);
    }
    return booked;
  }

  private async refund(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.attempts.refund(key);
  }
}

function tooMany(retryAfterMs: number): UserError {
  return new UserError(
    'auth.too_many_attempts',
    'Too many wrong attempts; wait before the next one',
    { status: 429, retryAfterSeconds: retryAfterMs / 1_000 },
  );
}

function hashOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
