import type { Lease } from '@easyflow/tenant-context';
import type { LiveExecutions } from '../execution/live-executions';
import type { LeaseReturns } from './lease-returns';

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 30_000;

/**
 * Divides the memory of an executor among tenants. What a tenant has too much of goes back to the database and is due
 * again later: so the claims of the next second find others' work, and do not scan the same rows again.
 */
export class TenantShares {
  /** Of tenants that have all they may have, how long their next executions wait. */
  private readonly delays = new Map<string, number>();

  constructor(
    private readonly live: LiveExecutions,
    private readonly returns: LeaseReturns,
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
    for (const tenantId of counts.keys()) if (!surplus.has(tenantId)) this.delays.delete(tenantId);
    for (const [tenantId, leases] of surplus) this.putBack(tenantId, leases);
    return taken;
  }

  private putBack(tenantId: string, leases: readonly Lease[]): void {
    const delay = this.delays.get(tenantId) ?? FIRST_DELAY_MS;
    this.delays.set(tenantId, Math.min(delay * 2, LONGEST_DELAY_MS));
    this.live.release(leases.length);
    this.returns.giveBackLater(leases, delay);
  }
}
