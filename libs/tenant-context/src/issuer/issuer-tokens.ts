import { jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { z } from 'zod';
import { accessToken } from '@easyflow/contracts-http';
import { newId } from '@easyflow/kernel-ids';
import type { Clock } from '@easyflow/kernel-time';
import { UnexpectedError, UserError } from '@easyflow/kernel-errors';
import { SERVICE_NAMES, type ServiceName } from '../context/tenant';
import type { DelegatedRequest } from './issuer-port';
import { credentialsRefused, tokensMinted } from './issuer-metrics';
import type { JwtKey } from './jwt-keys';

const ACCESS_TYPE = 'at+jwt';
const DELEGATION_TYPE = 'delegation+jwt';
const DELEGATION_SECONDS = 60;

const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const accessClaims = z.object({ sub: uuid, tenant: uuid, exp: z.number() });
const delegationClaims = z.object({
  jti: uuid,
  sub: z.string().min(1),
  tenant: uuid,
  kind: z.enum(['user', 'apiKey']),
  scopes: z.array(z.string()),
  sender: z.enum(SERVICE_NAMES),
  pattern: z.string(),
  rid: z.string(),
  hash: z.string(),
  exp: z.number(),
});

export type AccessClaims = z.infer<typeof accessClaims>;
export type DelegationClaims = z.infer<typeof delegationClaims>;

/** The one answer to whatever is wrong with a credential. */
export function invalidCredentials(cause?: unknown): UserError {
  return new UserError('auth.invalid_credentials', 'The credential is not valid', {
    status: 401,
    cause,
  });
}

/** Signs and verifies access tokens and delegations (JWT, RFC 7519; types as in RFC 8725, 3.11). */
export class IssuerTokens {
  readonly #keys: ReadonlyMap<string, JwtKey>;
  readonly #signing: JwtKey;
  readonly #clock: Pick<Clock, 'now'>;

  /** @param clock the database's: one time for all replicas, and for who verifies */
  constructor(keys: readonly JwtKey[], clock: Pick<Clock, 'now'>) {
    const [signing] = keys;
    if (!signing) throw new UnexpectedError('issuer.jwt_keys', 'The issuer has no key');
    this.#signing = signing;
    this.#clock = clock;
    this.#keys = new Map(keys.map((key) => [key.kid, key]));
  }

  signAccess(claims: { userId: string; tenantId: string }, seconds: number): Promise<string> {
    tokensMinted.add(1, { 'easyflow.token.kind': 'access' });
    return this.#sign({ tenant: claims.tenantId }, ACCESS_TYPE, seconds)
      .setSubject(claims.userId)
      .setAudience(accessToken.audience)
      .sign(this.#signing.privateKey);
  }

  /** @throws UserError `auth.invalid_credentials` */
  async verifyAccess(token: string): Promise<AccessClaims> {
    return this.#verify(token, ACCESS_TYPE, accessToken.audience, accessClaims);
  }

  signDelegation(
    who: { tenantId: string; subject: string; kind: 'user' | 'apiKey'; scopes: readonly string[] },
    sender: ServiceName,
    request: DelegatedRequest & { audience: ServiceName },
  ): Promise<string> {
    tokensMinted.add(1, { 'easyflow.token.kind': 'delegation' });
    const payload = {
      tenant: who.tenantId,
      kind: who.kind,
      scopes: [...who.scopes],
      sender,
      pattern: request.pattern,
      rid: request.requestId,
      hash: request.payloadHash,
    };
    return this.#sign(payload, DELEGATION_TYPE, DELEGATION_SECONDS)
      .setSubject(who.subject)
      .setJti(newId())
      .setAudience(`service:${request.audience}`)
      .sign(this.#signing.privateKey);
  }

  /** @throws UserError `auth.invalid_credentials`, also when it was signed for another service */
  async verifyDelegation(token: string, audience: ServiceName): Promise<DelegationClaims> {
    return this.#verify(token, DELEGATION_TYPE, `service:${audience}`, delegationClaims);
  }

  #sign(payload: JWTPayload, type: string, seconds: number): SignJWT {
    const now = Math.floor(this.#clock.now() / 1_000);
    return new SignJWT(payload)
      .setProtectedHeader({ alg: accessToken.algorithm, kid: this.#signing.kid, typ: type })
      .setIssuer(accessToken.issuer)
      .setIssuedAt(now)
      .setExpirationTime(now + seconds);
  }

  async #verify<T>(
    token: string,
    type: string,
    audience: string,
    claims: z.ZodType<T>,
  ): Promise<T> {
    try {
      const { payload } = await jwtVerify(
        token,
        ({ kid }) => {
          // Only a name in our own list: no key, URL or file that the token brings is looked at.
          const key = kid === undefined ? undefined : this.#keys.get(kid);
          if (!key) throw invalidCredentials();
          return key.publicKey;
        },
        {
          algorithms: [accessToken.algorithm],
          issuer: accessToken.issuer,
          audience,
          typ: type,
          currentDate: new Date(this.#clock.now()),
          requiredClaims: ['exp', 'iat'],
        },
      );
      return claims.parse(payload);
    } catch (cause) {
      const kind = type === ACCESS_TYPE ? 'access_token' : 'delegation';
      credentialsRefused.add(1, { 'easyflow.credential.kind': kind });
      throw invalidCredentials(cause);
    }
  }
}
