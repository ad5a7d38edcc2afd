import type { Role } from '@easyflow/platform-database';
import {
  bundles,
  pairKey,
  type Bundle,
  type Claims,
  type LeaseOwner,
  type TenantKey,
  type TenantToken,
} from '@easyflow/tenant-context';
import type { Clock } from '@easyflow/kernel-time';

/** A lease that can earn tokens. */
export interface OpenableLease {
  readonly tenantId: string;
  readonly kind: string;
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly leaseUntil: number;
}

/** A token must live this much longer to join a transaction that begins now. */
const MARGIN_MS = 1_500;
/** A token that ends sooner is replaced when a fresher lease of its tenant is at hand. */
const REFRESH_MS = 5_000;
const MOST_AT_ONCE = 500;

/**
 * The tokens that this process holds by its leases: one a tenant and role, shared by the tenant's executions.
 * They end with the lease that earned them, so a busy tenant's are renewed about once a lease.
 */
export class TenantTokens {
  private readonly tokens = new Map<TenantKey, TenantToken>();
  private wanted = new Map<string, OpenableLease>();
  private opening: Promise<void> | undefined;

  /** @param clock the database's, by which leases and tokens end */
  constructor(
    private readonly claims: Claims,
    private readonly owner: () => LeaseOwner,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** A live token; undefined when the tenant has none, or only one about to end. */
  get(tenantId: string, role: Role): TenantToken | undefined {
    const token = this.tokens.get(pairKey(tenantId, role));
    return token && token.expiresAt > this.clock.now() + MARGIN_MS ? token : undefined;
  }

  /**
   * Opens tokens for the tenants of the leases that need them; calls of one moment share a statement.
   * @throws OperationalError when the database is down
   */
  async open(leases: readonly OpenableLease[], role: Role = 'ef_writer'): Promise<void> {
    const soon = this.clock.now() + REFRESH_MS;
    for (const lease of leases) {
      const held = this.tokens.get(pairKey(lease.tenantId, role));
      if (held && (held.expiresAt > soon || held.expiresAt >= lease.leaseUntil - 1)) continue;
      const chosen = this.wanted.get(lease.tenantId);
      if (!chosen || chosen.leaseUntil < lease.leaseUntil) this.wanted.set(lease.tenantId, lease);
    }
    if (this.wanted.size === 0) return;
    while (this.wanted.size > 0) {
      this.opening ??= this.openWanted().finally(() => (this.opening = undefined));
      await this.opening;
    }
  }

  /** Puts items with their tokens into bundles, without those whose token is about to end. */
  bundles<T extends { token: TenantToken; id: string }>(
    items: readonly T[],
    maxRows: number,
  ): Bundle<T>[] {
    return bundles(items, maxRows, this.clock.now()).bundles;
  }

  /** Forgets what has ended. */
  prune(): void {
    const now = this.clock.now();
    for (const [key, token] of this.tokens) if (token.expiresAt <= now) this.tokens.delete(key);
  }

  private async openWanted(): Promise<void> {
    await new Promise(setImmediate);
    const leases = [...this.wanted.values()];
    this.wanted = new Map();
    for (let from = 0; from < leases.length; from += MOST_AT_ONCE) {
      const opened = await this.claims.open(this.owner(), leases.slice(from, from + MOST_AT_ONCE));
      for (const token of opened) this.tokens.set(pairKey(token.tenantId, token.audience), token);
    }
  }
}
