import type { Role } from '@easyflow/platform-database';

/** The services that ask the issuer and sign messages. */
export const SERVICE_NAMES = [
  'gateway',
  'flow-registry',
  'scheduler',
  'executor',
  'analytics',
  'issuer',
] as const;

export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Where a tenant's tables are. `epoch` rises by one with every move. */
export interface Placement {
  kind: 'shared' | 'schema';
  /** `ef` for the shared placement, `tenant_<32 hex digits>` for a schema of its own. */
  schema: string;
  epoch: number;
}

/**
 * A right to open transactions of one tenant under one role, minted and verified inside Postgres.
 * It lives at most 60 s and never travels through Kafka.
 */
export interface TenantToken {
  tenantId: string;
  audience: Role;
  placement: Placement;
  /** Milliseconds since the epoch, by the database's clock. */
  expiresAt: number;
  token: string;
}

/** What a tenant may use; absent means unlimited. */
export interface TenantLimits {
  requestsPerSecond?: number;
  concurrentExecutions?: number;
}

/** Who stands behind a verified credential. */
export interface Caller {
  tenantId: string;
  /** User id or API key id. */
  subject: string;
  kind: 'user' | 'apiKey';
  scopes: readonly string[];
  limits: TenantLimits;
}
