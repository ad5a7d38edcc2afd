import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
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

/** Verifies the assertions of known workloads; each is accepted once by a process. */
export class AssertionVerifier {
  readonly #keys: ReadonlyMap<string, { service: ServiceName; key: KeyObject }>;
  readonly #seen = new LRUCache<string, true>({
    max: 200_000,
    ttl: (LIFETIME_SECONDS + 10) * 1000,
  });

  constructor(keys: readonly SenderKey[]) {
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
   */
  async verify(assertion: string, operation: string, body: string): Promise<ServiceName> {
    try {
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
          clockTolerance: 10,
          requiredClaims: ['exp', 'iat', 'jti', 'sub'],
        },
      );
      const fits =
        signer !== undefined &&
        SERVICE_NAMES.includes(signer) &&
        payload.iss === signer &&
        payload.sub === signer &&
        payload['op'] === operation &&
        payload['hash'] === bodyHash(body) &&
        payload.jti !== undefined &&
        !this.#seen.has(payload.jti);
      if (!fits || !signer || !payload.jti) throw invalidCredentials();
      this.#seen.set(payload.jti, true);
      return signer;
    } catch (cause) {
      credentialsRefused.add(1, { 'easyflow.credential.kind': 'workload' });
      throw invalidCredentials(cause);
    }
  }
}
