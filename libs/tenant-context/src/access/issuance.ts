import type { Role, RolePool } from '@easyflow/platform-database';
import type { TenantLimits, TenantToken } from '../context/tenant';

/** Longest life of a token, in ms: the delay of a revocation. */
export const TOKEN_TTL_MS = 60_000;

export interface ResolvedKey {
  tenantId: string;
  keyId: string;
  scopes: readonly string[];
}

export interface ResolvedLogin {
  tenantId: string;
  userId: string;
  passwordHash: string;
}

export interface MintedTokens {
  tokens: TenantToken[];
  limits: TenantLimits;
}

export interface TenantRecord {
  tenantId: string;
  name: string;
  placement: 'shared' | 'schema';
  status: 'active' | 'suspended';
  createdAt: Date;
}

export interface NewTenantRecord {
  tenantId: string;
  name: string;
  limits: TenantLimits;
  placement: 'shared' | 'schema';
  keyId: string;
  /** SHA-256 of the API key. */
  keyHash: Buffer;
  scopes: readonly string[];
  userId: string;
  email: string;
  passwordHash: string;
}

export interface ApiKeyRecord {
  keyId: string;
  createdAt: Date;
  revokedAt: Date | undefined;
}

interface TenantRow {
  tenant_id: string;
  name: string;
  placement: 'shared' | 'schema';
  status: 'active' | 'suspended';
  created_at: Date;
}

function tenantRecord(row: TenantRow): TenantRecord {
  return {
    tenantId: row.tenant_id,
    name: row.name,
    placement: row.placement,
    status: row.status,
    createdAt: row.created_at,
  };
}

interface MintRow {
  audience: Role;
  token: string;
  expires_at: number;
  placement: 'shared' | 'schema';
  schema_name: string;
  epoch: number;
  limits: TenantLimits;
}

/** The issuer's named functions in Postgres, under `ef_issuer`, which can read or write no table. */
export class Issuance {
  readonly #pool: () => RolePool;

  constructor(pool: () => RolePool) {
    this.#pool = pool;
  }

  /** Undefined for an unknown or revoked key. */
  async resolveKey(hash: Buffer): Promise<ResolvedKey | undefined> {
    const [row] = await this.#rows<{ tenant_id: string; key_id: string; scopes: string[] }>(
      'resolve_key',
      'SELECT tenant_id, key_id, scopes FROM ctx.resolve_key($1)',
      [hash],
    );
    return row && { tenantId: row.tenant_id, keyId: row.key_id, scopes: row.scopes };
  }

  async resolveLogin(email: string): Promise<ResolvedLogin | undefined> {
    const [row] = await this.#rows<{ tenant_id: string; user_id: string; password_hash: string }>(
      'resolve_login',
      'SELECT tenant_id, user_id, password_hash FROM ctx.resolve_login($1)',
      [email],
    );
    return row && { tenantId: row.tenant_id, userId: row.user_id, passwordHash: row.password_hash };
  }

  async userExists(tenantId: string, userId: string): Promise<boolean> {
    const [row] = await this.#rows<{ known: boolean }>(
      'user_exists',
      'SELECT ctx.user_exists($1, $2) AS known',
      [tenantId, userId],
    );
    return row?.known === true;
  }

  /** One token a role; undefined when the tenant is unknown, suspended or moving. */
  async mint(
    tenantId: string,
    roles: readonly Role[],
    scope: string,
    ttlMs: number = TOKEN_TTL_MS,
  ): Promise<MintedTokens | undefined> {
    const rows = await this.#rows<MintRow>(
      'mint',
      `SELECT audience, token, (extract(epoch FROM expires_at) * 1000)::float8 AS expires_at,
              placement, schema_name, epoch, limits
         FROM ctx.mint($1, $2::text[], $3, $4)`,
      [tenantId, roles, scope, ttlMs],
    );
    const [first] = rows;
    if (!first) return undefined;
    const tokens = rows.map((row) => ({
      tenantId,
      audience: row.audience,
      token: row.token,
      expiresAt: Math.floor(row.expires_at),
      placement: { kind: row.placement, schema: row.schema_name, epoch: row.epoch },
    }));
    return { tokens, limits: first.limits };
  }

  /** Registers (again) a slot; answers its new secret. */
  async registerOwner(
    owner: string,
    workload: string,
    kinds: readonly string[],
    audiences: readonly Role[],
  ): Promise<string> {
    const [row] = await this.#rows<{ secret: string }>(
      'register_owner',
      'SELECT ctx.register_owner($1, $2, $3::text[], $4::text[]) AS secret',
      [owner, workload, kinds, audiences],
    );
    return row?.secret ?? '';
  }

  /** The slot of the process, or the lowest free one; for a minute. */
  async leaseSlot(workload: string, holder: string): Promise<number> {
    const [row] = await this.#rows<{ slot: number }>(
      'lease_slot',
      'SELECT ctx.lease_slot($1, $2) AS slot',
      [workload, holder],
    );
    return row?.slot ?? 0;
  }

  async freeSlot(workload: string, holder: string): Promise<void> {
    await this.#rows('free_slot', 'SELECT ctx.free_slot($1, $2)', [workload, holder]);
  }

  /** True the first time a delegation is used. */
  async useDelegation(id: string, expiresAt: Date): Promise<boolean> {
    const [row] = await this.#rows<{ first: boolean }>(
      'use_delegation',
      'SELECT ctx.use_delegation($1, $2) AS first',
      [id, expiresAt],
    );
    return row?.first === true;
  }

  async createTenant(tenant: NewTenantRecord): Promise<Date> {
    const [row] = await this.#rows<{ created_at: Date }>(
      'create_tenant',
      'SELECT ctx.create_tenant($1, $2, $3::json, $4, $5, $6, $7::text[], $8, $9, $10) AS created_at',
      [
        tenant.tenantId,
        tenant.name,
        JSON.stringify(tenant.limits),
        tenant.placement,
        tenant.keyId,
        tenant.keyHash,
        tenant.scopes,
        tenant.userId,
        tenant.email,
        tenant.passwordHash,
      ],
    );
    return row?.created_at ?? new Date();
  }

  /** Tenants by id, after the given one. */
  async listTenants(after: string | undefined, limit: number): Promise<TenantRecord[]> {
    const rows = await this.#rows<TenantRow>(
      'list_tenants',
      'SELECT tenant_id, name, placement, status, created_at FROM ctx.list_tenants($1, $2)',
      [after ?? null, limit],
    );
    return rows.map(tenantRecord);
  }

  async findTenant(tenantId: string): Promise<TenantRecord | undefined> {
    const [row] = await this.#rows<TenantRow>(
      'find_tenant',
      'SELECT tenant_id, name, placement, status, created_at FROM ctx.find_tenant($1)',
      [tenantId],
    );
    return row && tenantRecord(row);
  }

  /** Answers whether there is such a tenant. */
  async suspendTenant(tenantId: string, suspended: boolean): Promise<boolean> {
    const [row] = await this.#rows<{ known: boolean }>(
      'suspend_tenant',
      'SELECT ctx.suspend_tenant($1, $2) AS known',
      [tenantId, suspended],
    );
    return row?.known === true;
  }

  /** Of one tenant, oldest first. */
  async listKeys(tenantId: string): Promise<ApiKeyRecord[]> {
    const rows = await this.#rows<{ key_id: string; created_at: Date; revoked_at: Date | null }>(
      'list_keys',
      'SELECT key_id, created_at, revoked_at FROM ctx.list_keys($1)',
      [tenantId],
    );
    return rows.map((row) => ({
      keyId: row.key_id,
      createdAt: row.created_at,
      revokedAt: row.revoked_at ?? undefined,
    }));
  }

  /** Answers when it was made; undefined when there is no such tenant. */
  async addKey(tenantId: string, keyId: string, keyHash: Buffer): Promise<Date | undefined> {
    const [row] = await this.#rows<{ made: Date | null }>(
      'add_api_key',
      "SELECT ctx.add_api_key($1, $2, $3, '{}') AS made",
      [tenantId, keyId, keyHash],
    );
    return row?.made ?? undefined;
  }

  /** Whether there was such a key, and valid. */
  async revokeKey(tenantId: string, keyId: string): Promise<boolean> {
    const [row] = await this.#rows<{ known: boolean }>(
      'revoke_key',
      'SELECT ctx.revoke_key($1, $2) AS known',
      [tenantId, keyId],
    );
    return row?.known === true;
  }

  /** Signs new tokens with a new key; the old one is believed for two more minutes. */
  async rotateTokenKey(): Promise<void> {
    await this.#rows('rotate_token_key', 'SELECT ctx.rotate_token_key()', []);
  }

  /** The same when the newest key is at least so old; answers whether it was. */
  async rotateDueTokenKey(ageMs: number): Promise<boolean> {
    const [row] = await this.#rows<{ rotated: boolean }>(
      'rotate_due_token_key',
      "SELECT ctx.rotate_due_token_key($1 * interval '1 millisecond') AS rotated",
      [ageMs],
    );
    return row?.rotated === true;
  }

  /** True the first time an assertion is used, at whichever issuer. */
  async useAssertion(id: string, expiresAt: Date): Promise<boolean> {
    const [row] = await this.#rows<{ first: boolean }>(
      'use_assertion',
      'SELECT ctx.use_assertion($1, $2) AS first',
      [id, expiresAt],
    );
    return row?.first === true;
  }

  async #rows<R>(name: string, text: string, values: unknown[]): Promise<R[]> {
    return (await this.#pool().query<R>({ name: `ctx_${name}`, text, values })).rows;
  }
}
