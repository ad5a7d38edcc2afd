import { UserError } from '@easyflow/kernel-errors';
import type { AttemptLimiter } from '@easyflow/platform-limiter';
import { createHash } from 'node:crypto';
import { addressGroup } from '../http/client-address';
import { Turns } from './turns';

/** Wrong credentials of an address in a window. */
export const CREDENTIAL_LIMITS = { windowMs: 60_000, address: 300 } as const;

/** Credentials of one address that a process verifies at once, and that wait for it. */
const ADDRESS_TURNS = { atOnce: 4, waiting: CREDENTIAL_LIMITS.address };

/** How long a credential that was right counts as one that is known. */
const FAMILIAR_MS = 24 * 3_600_000;

/** A credential that this process does not know, and where it comes from. */
export interface UnknownCredential {
  /** Of the client, as far as proxies are trusted. */
  address: string;
  /** SHA-256 of the credential. */
  hash: string;
}

/**
 * Bounds what credentials cost that nobody knows: each is a signed question to the issuer, who answers all services.
 * An attempt is booked before it is verified and taken back unless the credential was wrong, so right ones never fill
 * the limit; and one that was right within a day passes whatever others send from its address.
 */
export class UnknownCredentials {
  private readonly turns = new Turns();

  constructor(private readonly attempts: AttemptLimiter) {}

  /**
   * Runs `verify` when the limits allow it. A UserError 401 of it is a wrong credential.
   * @throws UserError `auth.too_many_attempts` (429)
   */
  async attempt<T>({ address, hash }: UnknownCredential, verify: () => Promise<T>): Promise<T> {
    const from = keyOf('credentials', addressGroup(address));
    const familiar = keyOf('credential', hash);
    const turn = this.turns.run(from, ADDRESS_TURNS, async () => {
      const { allowed, retryAfterMs } = await this.attempts.book(
        from,
        CREDENTIAL_LIMITS.address,
        CREDENTIAL_LIMITS.windowMs,
      );
      if (!allowed) return this.onlyFamiliar(familiar, retryAfterMs, verify);
      return this.judged(from, familiar, verify);
    });
    return turn ?? this.onlyFamiliar(familiar, 1_000, verify);
  }

  private async judged<T>(from: string, familiar: string, verify: () => Promise<T>): Promise<T> {
    try {
      const answer = await verify();
      await this.attempts.refund(from);
      await this.attempts.remember(familiar, FAMILIAR_MS);
      return answer;
    } catch (error) {
      // Another refusal is of one who is known, and an error is no judgement.
      if (!(error instanceof UserError && error.status === 401)) await this.attempts.refund(from);
      throw error;
    }
  }

  private async onlyFamiliar<T>(
    familiar: string,
    retryAfterMs: number,
    verify: () => Promise<T>,
  ): Promise<T> {
    if (await this.attempts.knows(familiar)) return verify();
    throw new UserError(
      'auth.too_many_attempts',
      'Too many wrong credentials came from this address; wait before the next one',
      { status: 429, retryAfterSeconds: retryAfterMs / 1_000 },
    );
  }
}

function keyOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
