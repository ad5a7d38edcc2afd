import { UserError } from '@easyflow/kernel-errors';
import type { Clock } from '@easyflow/kernel-time';
import type { IssuerPort } from '@easyflow/tenant-context';
import { createPublicKey, type KeyObject } from 'node:crypto';

/** Keys are asked for again after this, so that a retired key stops working. */
const KEEP_MS = 300_000;
/** A kid nobody knows makes us ask again, but not more often: it may be made up. */
const UNKNOWN_KID_PAUSE_MS = 10_000;

/** The issuer's public keys by key id. */
export class Jwks {
  private keys = new Map<string, KeyObject>();
  private readAt = -Infinity;
  private reading: Promise<void> | undefined;

  constructor(
    private readonly issuer: Pick<IssuerPort, 'jwks'>,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws UserError `auth.invalid_credentials` for a kid the issuer does not publish
   * @throws OperationalError `issuer.unavailable` when the keys are not known and cannot be read
   */
  async key(kid: unknown): Promise<KeyObject> {
    if (typeof kid !== 'string') throw unknownKey();
    const age = this.clock.monotonic() - this.readAt;
    const known = this.keys.get(kid);
    if (known && age < KEEP_MS) return known;
    if (age >= UNKNOWN_KID_PAUSE_MS) await this.read();
    const key = this.keys.get(kid);
    if (!key) throw unknownKey();
    return key;
  }

  private read(): Promise<void> {
    this.reading ??= this.fetch().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async fetch(): Promise<void> {
    const { keys } = await this.issuer.jwks();
    this.keys = new Map(
      keys.flatMap((jwk) =>
        typeof jwk.kid === 'string'
          ? [[jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })] as const]
          : [],
      ),
    );
    this.readAt = this.clock.monotonic();
  }
}

function unknownKey(): UserError {
  return new UserError(
    'auth.invalid_credentials',
    'The access token is signed by no key of this installation; log in again',
    { status: 401 },
  );
}
