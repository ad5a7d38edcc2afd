import type { Logger } from '@easyflow/platform-telemetry';
import type { Claims, Lease, LeaseOwner } from '@easyflow/tenant-context';

export interface LeaseReturnsOptions {
  readonly claims: Pick<Claims, 'release'>;
  readonly owner: () => LeaseOwner;
  readonly logger: Logger;
}

/** Gives leases back as if they had never been claimed: what is due, any executor may claim at once. */
export class LeaseReturns {
  private readonly going = new Set<Promise<unknown>>();

  constructor(private readonly options: LeaseReturnsOptions) {}

  /** Never fails: leases that cannot be given back end by themselves. Answers whether they were. */
  giveBack(leases: readonly Lease[]): Promise<boolean> {
    if (leases.length === 0) return Promise.resolve(true);
    const going = this.release(leases).finally(() => this.going.delete(going));
    this.going.add(going);
    return going;
  }

  /** Resolves when what was begun is over. */
  async settled(): Promise<void> {
    await Promise.all(this.going);
  }

  private async release(leases: readonly Lease[]): Promise<boolean> {
    const { claims, owner, logger } = this.options;
    try {
      await claims.release(owner(), leases);
      return true;
    } catch (error) {
      logger.warn({ error }, 'leases could not be given back; they end by themselves');
      return false;
    }
  }
}
