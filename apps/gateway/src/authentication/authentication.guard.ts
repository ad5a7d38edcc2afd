import type { RouteAccess } from '@easyflow/contracts-http';
import { UserError } from '@easyflow/kernel-errors';
import type { Clock } from '@easyflow/kernel-time';
import type { CredentialCache, IssuerPort } from '@easyflow/tenant-context';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { hash as digest } from 'node:crypto';
import { ACCESS, type AuthenticatedRequest } from './access';
import type { HeldRefusals } from './held-refusals';
import type { JwtGuard } from './jwt.guard';
import { Principal } from './principal';
import type { UnknownCredentials } from './unknown-credentials';

const BEARER = /^Bearer +([^\s]+) *$/i;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/;
const API_KEY_PREFIX = 'ef_';
/** Longer than any credential of ours; the rest is refused before anything hashes it. */
const MAX_CREDENTIAL = 4_096;
/** A refused credential is not asked about again for this long: a client in a loop costs the issuer nothing. */
const REFUSED_MS = 2_000;
const MOST_KNOWN = 20_000;

export interface AuthenticationOptions {
  credentials: CredentialCache;
  issuer: Pick<IssuerPort, 'verifyAdmin'>;
  jwt: Pick<JwtGuard, 'expiryOf'>;
  unknown: UnknownCredentials;
  refusals: HeldRefusals;
  clock: Clock;
}

/**
 * Authentication of every route: the credential alone says who the tenant is; no header, path or body does.
 *
 * A JWT is verified by passport-jwt once and then remembered until it expires (ES256 costs about 100 µs, more than
 * the rest of accepting an execution); the credential cache has it verified again by the issuer each minute. What
 * this process does not know is limited by address before anybody is asked.
 */
export class AuthenticationGuard implements CanActivate {
  /** Keyed by hash: no credential is held longer than its request. */
  private readonly verified = new LRUCache<string, number>({ max: 10_000 });
  private readonly accesses = new WeakMap<object, RouteAccess>();
  private readonly refused = new LRUCache<string, UserError>({ max: 10_000, ttl: REFUSED_MS });
  /** Credentials that were right when they were last verified. */
  private readonly known = new LRUCache<string, true>({ max: MOST_KNOWN });

  constructor(private readonly options: AuthenticationOptions) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.accessOf(context);
    if (access === 'none') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const credential = credentialOf(request.headers.authorization);
    const hash = hashOf(credential);
    const refusal = this.refused.size > 0 ? this.refused.get(`${access} ${hash}`) : undefined;
    if (refusal) {
      await this.options.refusals.hold();
      throw refusal;
    }
    const verify = async (): Promise<void> => {
      if (access === 'admin') request.adminKey = await this.admin(credential, context);
      else request.principal = await this.tenant(credential, context);
    };
    try {
      if (this.known.has(hash)) await verify();
      else await this.options.unknown.attempt({ address: request.ip, hash }, verify);
      this.known.set(hash, true);
      return true;
    } catch (error) {
      if (error instanceof UserError) await this.refuse(`${access} ${hash}`, hash, error);
      throw error;
    }
  }

  private async refuse(key: string, hash: string, refusal: UserError): Promise<void> {
    if (refusal.status === 429) {
      await this.options.refusals.hold();
      return;
    }
    this.refused.set(key, refusal);
    if (refusal.status === 401) this.known.delete(hash);
  }

  /** What a handler's metadata says, read once a handler. */
  private accessOf(context: ExecutionContext): RouteAccess {
    const handler = context.getHandler();
    const known = this.accesses.get(handler);
    if (known) return known;
    const access: unknown =
      Reflect.getMetadata(ACCESS, handler) ?? Reflect.getMetadata(ACCESS, context.getClass());
    const read: RouteAccess = access === 'none' || access === 'admin' ? access : 'tenant';
    this.accesses.set(handler, read);
    return read;
  }

  private async tenant(credential: string, context: ExecutionContext): Promise<Principal> {
    const found = await this.principal(credential, context);
    if (found instanceof Principal) return found;
    if (await this.isAdmin(credential)) throw wrongKind('the admin key works only on /v1/admin');
    throw found;
  }

  private async admin(credential: string, context: ExecutionContext): Promise<string> {
    if (await this.isAdmin(credential)) return credential;
    const found = await this.principal(credential, context);
    if (found instanceof Principal) throw wrongKind('this route takes the admin key');
    throw found;
  }

  /** The principal, or the refusal. */
  private async principal(
    credential: string,
    context: ExecutionContext,
  ): Promise<Principal | UserError> {
    if (!credential.startsWith(API_KEY_PREFIX) && !JWT.test(credential)) return invalid();
    try {
      if (JWT.test(credential)) await this.verifyJwt(credential, context);
      return await Principal.of(this.options.credentials, credential);
    } catch (error) {
      if (error instanceof UserError) return error;
      throw error;
    }
  }

  private async verifyJwt(credential: string, context: ExecutionContext): Promise<void> {
    const hash = hashOf(credential);
    const expiry = this.verified.get(hash);
    if (expiry !== undefined && expiry > this.options.clock.now()) return;
    this.verified.set(hash, await this.options.jwt.expiryOf(context));
  }

  private async isAdmin(credential: string): Promise<boolean> {
    try {
      await this.options.issuer.verifyAdmin(credential);
      return true;
    } catch (error) {
      if (error instanceof UserError) return false;
      throw error;
    }
  }
}

function hashOf(text: string): string {
  return digest('sha256', text, 'base64');
}

function credentialOf(header: string | undefined): string {
  const credential = BEARER.exec(header ?? '')?.[1];
  if (credential === undefined || credential.length > MAX_CREDENTIAL) {
    throw new UserError(
      'auth.required',
      'Send "Authorization: Bearer" with an access token or an API key',
      { status: 401 },
    );
  }
  return credential;
}

function invalid(): UserError {
  return new UserError('auth.invalid_credentials', 'The credential is not valid', { status: 401 });
}

function wrongKind(reason: string): UserError {
  return new UserError('auth.wrong_kind', `The credential is of the wrong kind: ${reason}`, {
    status: 403,
  });
}
