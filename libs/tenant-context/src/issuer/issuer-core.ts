import type { JsonWebKey } from 'node:crypto';
import { isId, newId } from '@easyflow/kernel-ids';
import { formatTime, systemClock, type Clock } from '@easyflow/kernel-time';
import { OperationalError, UnexpectedError, UserError } from '@easyflow/kernel-errors';
import type { Role } from '@easyflow/platform-database';
import type { LeaseOwner } from '../access/lease';
import type { ApiKeyRecord, Issuance, TenantRecord } from '../access/issuance';
import type { Caller, ServiceName, TenantLimits } from '../context/tenant';
import {
  apiKeyHash,
  hashPassword,
  isApiKey,
  newApiKey,
  newPassword,
  sameSecret,
  verifyPassword,
} from './credentials';
import type {
  ApiKeyItem,
  AuthenticatedCaller,
  CreatedApiKey,
  CreatedTenant,
  DelegatedRequest,
  LoginAnswer,
  NewTenant,
  ReceivedRequest,
  SenderKey,
  TenantItem,
} from './issuer-port';
import { credentialsRefused, tokensMinted, type CredentialKind } from './issuer-metrics';
import { invalidCredentials, IssuerTokens } from './issuer-tokens';
import { jwkSet, type JwtKey } from './jwt-keys';
import { WORKLOAD_LEASES, WORKLOAD_ROLES } from './workload';

export interface IssuerSettings {
  /** Of a process that holds the password of `ef_issuer`. */
  issuance: Issuance;
  /** The first signs. */
  jwtKeys: readonly JwtKey[];
  senderKeys: readonly SenderKey[];
  adminKey: string;
  accessTokenSeconds: number;
  /** Of tenants that are created without limits of their own. */
  defaultLimits: TenantLimits;
  /** The database's; default that of this machine. */
  clock?: Clock;
}

type Verified = Pick<Caller, 'tenantId' | 'subject' | 'kind' | 'scopes'>;

const NAME_LENGTH = 200;

/**
 * Verifies every root credential and mints: the only holder of the keys of access tokens. Every
 * method that acts for a workload takes it as its first argument, authenticated by the caller.
 */
export class IssuerCore {
  readonly #settings: IssuerSettings;
  readonly #tokens: IssuerTokens;

  constructor(settings: IssuerSettings) {
    this.#settings = settings;
    this.#tokens = new IssuerTokens(settings.jwtKeys, settings.clock ?? systemClock);
  }

  async login(email: string, password: string): Promise<LoginAnswer> {
    const user = await this.#ask((issuance) => issuance.resolveLogin(email));
    // The same work whether or not there is such a user, and the same answer.
    const right = await verifyPassword(password, user?.passwordHash);
    if (!user || !right) throw refused('password');
    const expiresIn = this.#settings.accessTokenSeconds;
    return {
      accessToken: await this.#tokens.signAccess(user, expiresIn),
      tokenType: 'Bearer',
      expiresIn,
    };
  }

  jwks(): { keys: JsonWebKey[] } {
    return jwkSet(this.#settings.jwtKeys);
  }

  async authenticate(
    workload: ServiceName,
    credential: string,
    roles: readonly Role[],
  ): Promise<AuthenticatedCaller> {
    this.#assertRoles(workload, roles);
    return this.#mint(await this.#verify(credential), roles);
  }

  async delegate(
    workload: ServiceName,
    credential: string,
    request: DelegatedRequest & { audience: ServiceName },
  ): Promise<string> {
    if (WORKLOAD_ROLES[workload].length === 0 || WORKLOAD_ROLES[request.audience].length === 0) {
      throw forbidden('No request is delegated between these services');
    }
    return this.#tokens.signDelegation(await this.#verify(credential), workload, request);
  }

  async exchange(
    workload: ServiceName,
    delegation: string,
    request: ReceivedRequest,
  ): Promise<AuthenticatedCaller> {
    const claims = await this.#tokens.verifyDelegation(delegation, workload);
    const same =
      claims.sender === request.sender &&
      claims.pattern === request.pattern &&
      claims.rid === request.requestId &&
      claims.hash === request.payloadHash;
    if (!same) throw refused('delegation');
    // Used up only now, so that nobody can spend a delegation with a wrong request.
    const first = await this.#ask((issuance) =>
      issuance.useDelegation(claims.jti, new Date(claims.exp * 1000)),
    );
    if (!first) throw refused('delegation');
    const { tenant: tenantId, sub: subject, kind, scopes } = claims;
    return this.#mint({ tenantId, subject, kind, scopes }, WORKLOAD_ROLES[workload]);
  }

  async registerOwner(workload: ServiceName, slot: string): Promise<LeaseOwner> {
    const leases = WORKLOAD_LEASES[workload];
    if (!leases) throw forbidden('This service leases no work');
    if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(slot)) {
      throw new UserError('request.invalid', 'A slot is 1 to 64 letters, digits, dots or hyphens');
    }
    const owner = `${workload}.${slot}`;
    const secret = await this.#ask((issuance) =>
      issuance.registerOwner(owner, workload, leases.kinds, leases.audiences),
    );
    return { owner, secret };
  }

  async leaseSlot(workload: ServiceName, holder: string): Promise<number> {
    assertHolder(holder);
    return this.#ask((issuance) => issuance.leaseSlot(workload, holder));
  }

  async freeSlot(workload: ServiceName, holder: string): Promise<void> {
    assertHolder(holder);
    return this.#ask((issuance) => issuance.freeSlot(workload, holder));
  }

  /** The time by which everything is issued and verified. */
  get clock(): Clock {
    return this.#settings.clock ?? systemClock;
  }

  /** True the first time; at whichever replica. */
  useAssertion(id: string, expiresAt: Date): Promise<boolean> {
    return this.#ask((issuance) => issuance.useAssertion(id, expiresAt));
  }

  verifyAdmin(adminKey: string): void {
    if (!sameSecret(adminKey, this.#settings.adminKey)) throw refused('admin_key');
  }

  async createTenant(adminKey: string, tenant: NewTenant): Promise<CreatedTenant> {
    this.verifyAdmin(adminKey);
    const id = newId();
    const name = tenant.name ?? `tenant-${id.slice(-8)}`;
    if (name.length === 0 || name.length > NAME_LENGTH) {
      throw new UserError('request.invalid', `A name has 1 to ${NAME_LENGTH} characters`);
    }
    const created: CreatedTenant = {
      id,
      name,
      apiKey: newApiKey(),
      login: { email: `admin@${id}.easyflow.invalid`, password: newPassword() },
    };
    await storeTenant(this.#settings.issuance, created, {
      limits: { ...this.#settings.defaultLimits, ...tenant.limits },
      placement: tenant.placement ?? 'shared',
    }).catch(asIssuerError);
    return created;
  }

  async listTenants(
    adminKey: string,
    page: { limit: number; cursor?: string },
  ): Promise<{ items: TenantItem[]; nextCursor?: string }> {
    this.verifyAdmin(adminKey);
    const after = page.cursor && Buffer.from(page.cursor, 'base64url').toString('utf8');
    if (after !== undefined && !isId(after)) {
      throw new UserError('request.invalid_cursor', 'The cursor is not one of ours');
    }
    const found = await this.#ask((issuance) => issuance.listTenants(after, page.limit + 1));
    const items = found.slice(0, page.limit).map(tenantItem);
    const last = items.at(-1);
    if (found.length <= page.limit || !last) return { items };
    return { items, nextCursor: Buffer.from(last.id, 'utf8').toString('base64url') };
  }

  async suspendTenant(adminKey: string, tenantId: string, suspended: boolean): Promise<TenantItem> {
    this.verifyAdmin(adminKey);
    await this.#knownTenant(tenantId);
    await this.#ask((issuance) => issuance.suspendTenant(tenantId, suspended));
    return this.#knownTenant(tenantId);
  }

  async listKeys(adminKey: string, tenantId: string): Promise<ApiKeyItem[]> {
    this.verifyAdmin(adminKey);
    await this.#knownTenant(tenantId);
    return (await this.#ask((issuance) => issuance.listKeys(tenantId))).map(keyItem);
  }

  async createKey(credential: string): Promise<CreatedApiKey> {
    const { tenantId } = await this.#verify(credential);
    const tenant = await this.#ask((issuance) => issuance.findTenant(tenantId));
    if (tenant?.status !== 'active') throw suspendedTenant();
    const id = newId();
    const apiKey = newApiKey();
    const made = await this.#ask((issuance) => issuance.addKey(tenantId, id, apiKeyHash(apiKey)));
    if (!made) throw unknownTenant();
    return { id, apiKey, createdAt: formatTime(made.getTime()) };
  }

  async revokeKey(adminKey: string, tenantId: string, keyId: string): Promise<ApiKeyItem> {
    this.verifyAdmin(adminKey);
    await this.#knownTenant(tenantId);
    if (isId(keyId)) await this.#ask((issuance) => issuance.revokeKey(tenantId, keyId));
    const keys = await this.#ask((issuance) => issuance.listKeys(tenantId));
    const key = keys.find((each) => each.keyId === keyId);
    if (!key) throw new UserError('api_key.unknown', 'There is no such API key', { status: 404 });
    return keyItem(key);
  }

  async rotateTokenKeys(adminKey: string): Promise<void> {
    this.verifyAdmin(adminKey);
    await this.#ask((issuance) => issuance.rotateTokenKey());
  }

  senderKeys(): SenderKey[] {
    return [...this.#settings.senderKeys];
  }

  async #knownTenant(tenantId: string): Promise<TenantItem> {
    const found = isId(tenantId)
      ? await this.#ask((issuance) => issuance.findTenant(tenantId))
      : undefined;
    if (!found) throw unknownTenant();
    return tenantItem(found);
  }

  async #verify(credential: string): Promise<Verified> {
    if (isApiKey(credential)) {
      const key = await this.#ask((issuance) => issuance.resolveKey(apiKeyHash(credential)));
      if (!key) throw refused('api_key');
      const { tenantId, keyId: subject, scopes } = key;
      return { tenantId, subject, kind: 'apiKey', scopes };
    }
    const { tenant: tenantId, sub: subject } = await this.#tokens.verifyAccess(credential);
    const known = await this.#ask((issuance) => issuance.userExists(tenantId, subject));
    if (!known) throw refused('access_token');
    return { tenantId, subject, kind: 'user', scopes: [] };
  }

  async #mint(who: Verified, roles: readonly Role[]): Promise<AuthenticatedCaller> {
    const minted = await this.#ask((issuance) =>
      issuance.mint(who.tenantId, roles, who.kind.toLowerCase()),
    );
    if (!minted) throw suspendedTenant();
    tokensMinted.add(minted.tokens.length, { 'easyflow.token.kind': 'database' });
    return { caller: { ...who, limits: minted.limits }, tokens: minted.tokens };
  }

  #assertRoles(workload: ServiceName, roles: readonly Role[]): void {
    if (roles.length === 0 || !roles.every((role) => WORKLOAD_ROLES[workload].includes(role))) {
      throw forbidden(`No such tokens are minted for ${workload}`);
    }
  }

  #ask<T>(question: (issuance: Issuance) => Promise<T>): Promise<T> {
    return question(this.#settings.issuance).catch(asIssuerError);
  }
}

function refused(kind: CredentialKind): UserError {
  credentialsRefused.add(1, { 'easyflow.credential.kind': kind });
  return invalidCredentials();
}

/** Callers need not know what the issuer itself depends on. */
function asIssuerError(error: unknown): never {
  if (error instanceof OperationalError) {
    throw new OperationalError('issuer.unavailable', 'The issuer cannot answer just now', {
      cause: error,
    });
  }
  throw error instanceof Error
    ? error
    : new UnexpectedError('issuer.failed', 'The issuer failed', { cause: error });
}

/** The name of a pod, or of a process elsewhere. */
function assertHolder(holder: string): void {
  if (!/^[a-z0-9][a-z0-9._-]{0,252}$/i.test(holder)) {
    throw new UserError(
      'request.invalid',
      'A process is named by letters, digits, dots or hyphens',
    );
  }
}

function suspendedTenant(): UserError {
  return new UserError('tenant.suspended', 'The tenant is suspended', { status: 403 });
}

function unknownTenant(): UserError {
  return new UserError('tenant.unknown', 'There is no such tenant', { status: 404 });
}

function tenantItem(record: TenantRecord): TenantItem {
  return {
    id: record.tenantId,
    name: record.name,
    placement: record.placement,
    status: record.status,
    createdAt: formatTime(record.createdAt.getTime()),
  };
}

function keyItem({ keyId, createdAt, revokedAt }: ApiKeyRecord): ApiKeyItem {
  return {
    id: keyId,
    createdAt: formatTime(createdAt.getTime()),
    ...(revokedAt ? { revokedAt: formatTime(revokedAt.getTime()) } : {}),
  };
}

function forbidden(message: string): UserError {
  return new UserError('auth.forbidden', message, { status: 403 });
}

/** Writes a tenant with its first API key and login. */
export async function storeTenant(
  issuance: Issuance,
  tenant: CreatedTenant,
  options: { limits: TenantLimits; placement: 'shared' | 'schema' },
): Promise<void> {
  await issuance.createTenant({
    tenantId: tenant.id,
    name: tenant.name,
    limits: options.limits,
    placement: options.placement,
    keyId: newId(),
    keyHash: apiKeyHash(tenant.apiKey),
    scopes: [],
    userId: newId(),
    email: tenant.login.email,
    passwordHash: await hashPassword(tenant.login.password),
  });
}
