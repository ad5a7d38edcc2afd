import type { JsonWebKey } from 'node:crypto';
import type { Role } from '@easyflow/platform-database';
import type { LeaseOwner } from '../access/lease';
import type { Caller, ServiceName, TenantLimits, TenantToken } from '../context/tenant';

export interface LoginAnswer {
  accessToken: string;
  tokenType: 'Bearer';
  /** Seconds. */
  expiresIn: number;
}

export interface AuthenticatedCaller {
  caller: Caller;
  tokens: TenantToken[];
}

/** What a delegation is bound to; the audience exchanges it for exactly this request. */
export interface DelegatedRequest {
  pattern: string;
  requestId: string;
  /** Lower-case hex SHA-256 of the stored body. */
  payloadHash: string;
}

/** What the audience of a delegation says it has received. */
export interface ReceivedRequest extends DelegatedRequest {
  /** Who signed the message: only that service's delegation is believed with it. */
  sender: ServiceName;
}

export interface NewTenant {
  name?: string;
  limits?: TenantLimits;
  placement?: 'shared' | 'schema';
}

export interface CreatedTenant {
  id: string;
  name: string;
  apiKey: string;
  login: { email: string; password: string };
}

export interface TenantItem {
  id: string;
  name: string;
  placement: 'shared' | 'schema';
  status: 'active' | 'suspended';
  /** RFC 3339 in UTC. */
  createdAt: string;
}

/** An API key without what it opens with. Times are RFC 3339 in UTC. */
export interface ApiKeyItem {
  id: string;
  createdAt: string;
  revokedAt?: string;
}

export interface CreatedApiKey {
  id: string;
  /** Shown this once. */
  apiKey: string;
  createdAt: string;
}

export interface SenderKey {
  keyId: string;
  service: ServiceName;
  /** SPKI PEM of an Ed25519 key. */
  publicKey: string;
}

/**
 * What services ask the issuer: over HTTP in the cluster, in-process in the embedded shape.
 * Every method throws OperationalError `issuer.unavailable` when it cannot be reached or has no
 * database, and UserError `auth.invalid_credentials` (401) or `auth.forbidden` (403) when refused.
 */
export interface IssuerPort {
  login(email: string, password: string): Promise<LoginAnswer>;
  jwks(): Promise<{ keys: JsonWebKey[] }>;
  /** Verifies the raw credential (a JWT or an API key `ef_…`) and mints tokens for roles assigned to the calling workload. */
  authenticate(credential: string, roles: readonly Role[]): Promise<AuthenticatedCaller>;
  /** Signs a delegation of the credential's tenant to another service, for one request. */
  delegate(
    credential: string,
    request: DelegatedRequest & { audience: ServiceName },
  ): Promise<string>;
  /** Called by the audience of a delegation; each can be exchanged once. */
  exchange(delegation: string, request: ReceivedRequest): Promise<AuthenticatedCaller>;
  /** Registers (again) a slot of the calling workload; leases the slot still holds are released. */
  registerOwner(slot: string): Promise<LeaseOwner>;
  /**
   * The slot of a process of the calling workload, for a minute: the one it has, or the lowest that is free. A number
   * other than before says that the slot was given to another process meanwhile.
   */
  leaseSlot(holder: string): Promise<number>;
  /** Leaves the process's slot to the next one. */
  freeSlot(holder: string): Promise<void>;
  verifyAdmin(adminKey: string): Promise<void>;
  createTenant(adminKey: string, tenant: NewTenant): Promise<CreatedTenant>;
  listTenants(
    adminKey: string,
    page: { limit: number; cursor?: string },
  ): Promise<{ items: TenantItem[]; nextCursor?: string }>;
  /**
   * Stops (or resumes) minting, sessions and claims of a tenant, from the answer on.
   * @throws UserError `tenant.unknown`
   */
  suspendTenant(adminKey: string, tenantId: string, suspended: boolean): Promise<TenantItem>;
  /** @throws UserError `tenant.unknown` */
  listKeys(adminKey: string, tenantId: string): Promise<ApiKeyItem[]>;
  /**
   * A further API key of the tenant whose credential this is. The admin key makes none: it never opens a tenant's data.
   * @throws UserError `tenant.suspended`, `api_key.too_many`
   */
  createKey(credential: string): Promise<CreatedApiKey>;
  /**
   * Ends an API key; tokens and credentials of it that are cached live at most 60 s more. Again is no error.
   * @throws UserError `tenant.unknown`, `api_key.unknown`
   */
  revokeKey(adminKey: string, tenantId: string, keyId: string): Promise<ApiKeyItem>;
  /** A new key for tokens from now on; those signed with the old ones live out their minute. */
  rotateTokenKeys(adminKey: string): Promise<void>;
  /** Public keys of message senders, for envelopes. */
  senderKeys(): Promise<SenderKey[]>;
}
