import type { JsonWebKey } from 'node:crypto';
import type { Role } from '@easyflow/platform-database';
import type { LeaseOwner } from '../access/lease';
import type { ServiceName } from '../context/tenant';
import type { IssuerCore } from './issuer-core';
import type {
  ApiKeyItem,
  AuthenticatedCaller,
  CreatedApiKey,
  CreatedTenant,
  DelegatedRequest,
  IssuerPort,
  LoginAnswer,
  NewTenant,
  ReceivedRequest,
  SenderKey,
  TenantItem,
} from './issuer-port';

/** The issuer in the same process, bound to one workload: the embedded shape. Its database role and pool are its own. */
export class InProcessIssuer implements IssuerPort {
  readonly #core: IssuerCore;
  readonly #workload: ServiceName;

  constructor(core: IssuerCore, workload: ServiceName) {
    this.#core = core;
    this.#workload = workload;
  }

  login(email: string, password: string): Promise<LoginAnswer> {
    return this.#core.login(email, password);
  }

  async jwks(): Promise<{ keys: JsonWebKey[] }> {
    return this.#core.jwks();
  }

  authenticate(credential: string, roles: readonly Role[]): Promise<AuthenticatedCaller> {
    return this.#core.authenticate(this.#workload, credential, roles);
  }

  delegate(
    credential: string,
    request: DelegatedRequest & { audience: ServiceName },
  ): Promise<string> {
    return this.#core.delegate(this.#workload, credential, request);
  }

  exchange(delegation: string, request: ReceivedRequest): Promise<AuthenticatedCaller> {
    return this.#core.exchange(this.#workload, delegation, request);
  }

  registerOwner(slot: string): Promise<LeaseOwner> {
    return this.#core.registerOwner(this.#workload, slot);
  }

  leaseSlot(holder: string): Promise<number> {
    return this.#core.leaseSlot(this.#workload, holder);
  }

  freeSlot(holder: string): Promise<void> {
    return this.#core.freeSlot(this.#workload, holder);
  }

  async verifyAdmin(adminKey: string): Promise<void> {
    this.#core.verifyAdmin(adminKey);
  }

  createTenant(adminKey: string, tenant: NewTenant): Promise<CreatedTenant> {
    return this.#core.createTenant(adminKey, tenant);
  }

  listTenants(
    adminKey: string,
    page: { limit: number; cursor?: string },
  ): Promise<{ items: TenantItem[]; nextCursor?: string }> {
    return this.#core.listTenants(adminKey, page);
  }

  suspendTenant(adminKey: string, tenantId: string, suspended: boolean): Promise<TenantItem> {
    return this.#core.suspendTenant(adminKey, tenantId, suspended);
  }

  listKeys(adminKey: string, tenantId: string): Promise<ApiKeyItem[]> {
    return this.#core.listKeys(adminKey, tenantId);
  }

  createKey(credential: string): Promise<CreatedApiKey> {
    return this.#core.createKey(credential);
  }

  revokeKey(adminKey: string, tenantId: string, keyId: string): Promise<ApiKeyItem> {
    return this.#core.revokeKey(adminKey, tenantId, keyId);
  }

  rotateTokenKeys(adminKey: string): Promise<void> {
    return this.#core.rotateTokenKeys(adminKey);
  }

  async senderKeys(): Promise<SenderKey[]> {
    return this.#core.senderKeys();
  }
}
