import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { OperationalError } from '@easyflow/kernel-errors';
import { newId } from '@easyflow/kernel-ids';
import { systemClock, type Clock } from '@easyflow/kernel-time';
import { SERVICE_NAMES, type ServiceName } from '../context/tenant';
import type { SenderKey } from './issuer-port';
import { credentialsRefused } from './issuer-metrics';
import { invalidCredentials } from './issuer-tokens';
import type { WorkloadIdentity } from './workload';

const AUDIENCE = 'easyflow-issuer';
const TYPE = 'client-authentication+jwt';
const LIFETIME_SECONDS = 30;

function bodyHash(body: string): string {
  return createHash('sha256').update(body).digest('base64url');
}

/**
 * Signs one request of a workload to the issuer: private_key_jwt (RFC 7523) that also names the
 * operation and the hash of the body, so that a copied assertion is worth nothing for another request.
 */
export function signAssertion(
  identity: WorkloadIdentity,
  operation: string,
  body: string,
  clock: Pick<Clock, 'now'> = systemClock,
): Promise<string> {
  const now = Math.floor(clock.now() / 1_000);
  return new SignJWT({ op: operation, hash: bodyHash(body) })
    .setProtectedHeader({ alg: 'EdDSA', kid: identity.keyId, typ: TYPE })
    .setIssuer(identity.service)
    .setSubject(identity.service)
    .setAudience(AUDIENCE)
    .setJti(newId())
    .setIssuedAt(now)
    .setExpirationTime(now + LIFETIME_SECONDS)
    .sign(identity.privateKey);
}

/** Clocks follow the database's; what is left is a process that could not ask it yet. */
const TOLERANCE_SECONDS = 10;
const JTI = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Public keys are public: without the database they are told all the same, and who repeats the question learns nothing. */
const PUBLIC: ReadonlySet<string> = new Set(['jwks', 'sender-keys']);

export interface AssertionVerifierOptions {
  /** The database's, as that of who signs. */
  clock: Pick<Clock, 'now'>;
  /** True the first time an assertion is used, at whichever replica of the issuer. */
  use: (id: string, expiresAt: Date) => Promise<boolean>;
}

/** Verifies the assertions of known workloads; each is accepted once. */
export class AssertionVerifier {
  readonly #keys: ReadonlyMap<string, { service: ServiceName; key: KeyObject }>;
  readonly #options: AssertionVerifierOptions;
  /** Of this process, so that a copy does not even ask the database: for as long as it would be accepted. */
  readonly #seen = new LRUCache<string, true>({ max: 200_000 });

  constructor(keys: readonly SenderKey[], options: AssertionVerifierOptions) {
    this.#options = options;
    this.#keys = new Map(
      keys.map(({ keyId, service, publicKey }) => [
        keyId,
        { service, key: createPublicKey(publicKey) },
      ]),
    );
  }

  /**
   * Answers which workload signed the request.
   * @throws UserError `auth.invalid_credentials`
   * @throws OperationalError `issuer.unavailable` when it cannot be known whether it was used before
   */
  async verify(assertion: string, operation: string, body: string): Promise<ServiceName> {
    try {
      const { signer, id, expiresAt } = await this.#read(assertion, operation, body);
      const left = expiresAt - this.#options.clock.now();
      if (this.#seen.has(id)) throw invalidCredentials();
      this.#seen.set(id, true, { ttl: Math.max(1, left) });
      if (!(await this.#use(operation, id, new Date(expiresAt)))) throw invalidCredentials();
      return signer;
    } catch (cause) {
      if (cause instanceof OperationalError) throw cause;
      credentialsRefused.add(1, { 'easyflow.credential.kind': 'workload' });
      throw invalidCredentials(cause);
    }
  }

  async #use(operation: string, id: string, expiresAt: Date): Promise<boolean> {
    try {
      return await this.#options.use(id, expiresAt);
    } catch (error) {
      if (error instanceof OperationalError && PUBLIC.has(operation)) return true;
      throw error;
    }
  }

  /** `expiresAt`: from when on nobody accepts it any more. */
  async #read(
    assertion: string,
    operation: string,
    body: string,
  ): Promise<{ signer: ServiceName; id: string; expiresAt: number }> {
    let signer: ServiceName | undefined;
    const { payload } = await jwtVerify(
      assertion,
      ({ kid }) => {
        const known = kid === undefined ? undefined : this.#keys.get(kid);
        if (!known) throw invalidCredentials();
        signer = known.service;
        return known.key;
      },
      {
        algorithms: ['EdDSA'],
        audience: AUDIENCE,
        typ: TYPE,
        maxTokenAge: `${LIFETIME_SECONDS}s`,
        clockTolerance: TOLERANCE_SECONDS,
        currentDate: new Date(this.#options.clock.now()),
        requiredClaims: ['exp', 'iat', 'jti', 'sub'],
      },
    );
    const { iat = 0, jti: id = '' } = payload;
    const fits =
      signer !== undefined &&
      SERVICE_NAMES.includes(signer) &&
      payload.iss === signer &&
      payload.sub === signer &&
      payload['op'] === operation &&
      payload['hash'] === bodyHash(body) &&
      JTI.test(id);
    if (!fits || !signer) throw invalidCredentials();
    // Its age is what bounds it, whatever it says of its end.
    const expiresAt = (iat + LIFETIME_SECONDS + TOLERANCE_SECONDS + 1) * 1_000;
    return { signer, id, expiresAt };
  }
}
