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
    return this.track(leases, 0);
  }

  /** Gives leases back that no room is left for: what is due is due again after the time. Never fails. */
  giveBackLater(leases: readonly Lease[], delayMs: number): void {
    if (leases.length > 0) void this.track(leases, delayMs);
  }

  /** Resolves when what was begun is over. */
  async settled(): Promise<void> {
    await Promise.all(this.going);
  }

  private track(leases: readonly Lease[], delayMs: number): Promise<boolean> {
    const going = this.release(leases, delayMs).finally(() => this.going.delete(going));
    this.going.add(going);
    return going;
  }

  private async release(leases: readonly Lease[], delayMs: number): Promise<boolean> {
    const { claims, owner, logger } = this.options;
    try {
      await claims.release(owner(), leases, delayMs);
      return true;
    } catch (error) {
      logger.warn({ error }, 'leases could not be given back; they end by themselves');
      return false;
    }
  }
}
