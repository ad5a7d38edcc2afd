import type { Clock } from '@easyflow/kernel-time';
import type { Lease } from '@easyflow/tenant-context';
import type { LiveExecutions } from '../execution/live-executions';
import type { LeaseReturns } from './lease-returns';

const SHORTEST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 30_000;
/** What is put back of a tenant comes due one after the other: a thousand a second are looked at again. */
const DELAY_A_ROW_MS = 1;

/**
 * Divides the memory of an executor among tenants. What a tenant has too much of goes back to the database and is due
 * again later: so the claims of the next second find others' work, and do not scan the same rows again.
 */
export class TenantShares {
  /** Of tenants that had all they may have: the monotonic time at which the last of what was put back is due. */
  private readonly lastDue = new Map<string, number>();

  constructor(
    private readonly live: LiveExecutions,
    private readonly returns: LeaseReturns,
    private readonly clock: Clock,
  ) {}

  /** Those of the leases that are taken; the room that was reserved for the others is free again. */
  take<T>(items: readonly T[], leaseOf: (item: T) => Lease): readonly T[] {
    const counts = new Map<string, number>();
    const surplus = new Map<string, Lease[]>();
    let all = 0;
    const taken = items.filter((item) => {
      const lease = leaseOf(item);
      const { tenantId } = lease;
      const own = counts.get(tenantId) ?? 0;
      if (this.live.admits(tenantId, { all, own })) {
        counts.set(tenantId, own + 1);
        all += 1;
        return true;
      }
      const before = surplus.get(tenantId);
      if (before) before.push(lease);
      else surplus.set(tenantId, [lease]);
      return false;
    });
    for (const [tenantId, leases] of surplus) this.putBack(tenantId, leases);
    return taken;
  }

  private putBack(tenantId: string, leases: readonly Lease[]): void {
    const now = this.clock.monotonic();
    for (const [tenant, at] of this.lastDue) if (at <= now) this.lastDue.delete(tenant);
    const due = Math.max(now + SHORTEST_DELAY_MS, this.lastDue.get(tenantId) ?? 0);
    const delay = Math.min(Math.ceil(due - now), LONGEST_DELAY_MS);
    this.lastDue.set(tenantId, now + delay + leases.length * DELAY_A_ROW_MS);
    this.live.release(leases.length);
    this.returns.giveBackLater(leases, delay);
  }
}
