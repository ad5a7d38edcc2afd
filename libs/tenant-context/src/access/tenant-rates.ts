import { systemClock, type Clock } from '@easyflow/kernel-time';
import { LRUCache } from 'lru-cache';
import type { TenantLimits, TenantToken } from '../context/tenant';
import type { DatabaseAccess } from './database-access';

/** Of a tenant without a limit of its own: what a flow starts by itself is bounded all the same. */
export const DEFAULT_STARTS_PER_SECOND = 600;

/** How long a tenant's limit is believed without a look, milliseconds. */
const BELIEVED_MS = 10_000;
const MOST_TENANTS = 10_000;

/** In the tenant's own session; the row stands in `ef` wherever the tenant is placed. */
export const READ_LIMITS = {
  name: 'ctx_read_limits',
  text: 'SELECT limits FROM ef.tenants WHERE tenant_id = (SELECT ctx.tenant())',
} as const;

/** How many executions a second tenants may start, for services that start some by themselves. */
export class TenantRates {
  private readonly known = new LRUCache<string, { perSecond: number; until: number }>({
    max: MOST_TENANTS,
  });

  constructor(
    private readonly database: Pick<DatabaseAccess, 'tenant'>,
    private readonly clock: Clock = systemClock,
  ) {}

  /** @throws OperationalError when the database is down */
  async startsPerSecond(token: TenantToken): Promise<number> {
    const now = this.clock.monotonic();
    const known = this.known.get(token.tenantId);
    if (known && known.until > now) return known.perSecond;
    const { rows } = await this.database.tenant(token, (session) =>
      session.query<{ limits: TenantLimits | null }>({ ...READ_LIMITS, values: [] }),
    );
    const perSecond = rows[0]?.limits?.requestsPerSecond ?? DEFAULT_STARTS_PER_SECOND;
    this.known.set(token.tenantId, { perSecond, until: now + BELIEVED_MS });
    return perSecond;
  }
}
