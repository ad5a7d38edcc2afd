import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '@easyflow/kernel-time';
import type { Role } from '@easyflow/platform-database';
import { UnexpectedError } from '@easyflow/kernel-errors';
import type { Caller, TenantToken } from '../context/tenant';
import type { IssuerPort } from '../issuer/issuer-port';

export interface ResolvedCredential {
  caller: Caller;
  tokens: Map<Role, TenantToken>;
}

/** Renewed this long before they expire, so that a flush never meets a token that has just died. */
const EARLY_MS = 5_000;
const MOST_CREDENTIALS = 20_000;

/**
 * Keeps what the issuer answered for a credential until shortly before its tokens expire: the
 * issuer is asked once for a credential and again each minute. Requests that come while it is being
 * asked share the answer; refusals are not kept. Keys are hashes, so credentials are not held.
 */
export class CredentialCache {
  readonly #issuer: IssuerPort;
  readonly #roles: readonly Role[];
  readonly #clock: Pick<Clock, 'now'>;
  readonly #known = new LRUCache<string, ResolvedCredential & { until: number }>({
    max: MOST_CREDENTIALS,
  });
  readonly #asking = new Map<string, Promise<ResolvedCredential>>();

  /** @param clock the database's, by which tokens expire */
  constructor(issuer: IssuerPort, roles: readonly Role[], clock: Pick<Clock, 'now'>) {
    this.#issuer = issuer;
    this.#roles = roles;
    this.#clock = clock;
  }

  /**
   * @throws what `IssuerPort.authenticate` throws
   * @throws UnexpectedError `issuer.incomplete` when a token of a wanted role is missing
   */
  resolve(credential: string): Promise<ResolvedCredential> {
    const key = hash('sha256', credential, 'base64');
    const known = this.#known.get(key);
    if (known && known.until > this.#clock.now()) return Promise.resolve(known);
    const asking = this.#asking.get(key) ?? this.#ask(key, credential);
    this.#asking.set(key, asking);
    // Near its end an answer still serves while it is renewed, also when the issuer cannot be reached just now.
    return asking.catch((error: unknown) => {
      if (known && known.until + EARLY_MS > this.#clock.now() && isRetryable(error)) return known;
      throw error;
    });
  }

  async #ask(key: string, credential: string): Promise<ResolvedCredential> {
    try {
      const { caller, tokens } = await this.#issuer.authenticate(credential, this.#roles);
      const byRole = new Map(tokens.map((token) => [token.audience, token]));
      if (!this.#roles.every((role) => byRole.has(role))) {
        throw new UnexpectedError('issuer.incomplete', 'The issuer left out a token');
      }
      const until = Math.min(...tokens.map((token) => token.expiresAt)) - EARLY_MS;
      const resolved = { caller, tokens: byRole, until };
      this.#known.set(key, resolved);
      return resolved;
    } catch (error) {
      if (!isRetryable(error)) this.#known.delete(key);
      throw error;
    } finally {
      this.#asking.delete(key);
    }
  }
}

function isRetryable(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true;
}
