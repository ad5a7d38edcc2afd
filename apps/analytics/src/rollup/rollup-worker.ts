import { OperationalError } from '@easyflow/kernel-errors';
import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import type { Claims, Lease, LeaseOwner, OwnerSlot, TenantToken } from '@easyflow/tenant-context';
import { rollupPassDuration, rollupsCounted } from '../analytics-metrics';
import { LostLeaseError } from '../leases/lost-lease-error';
import { Passes } from '../leases/passes';
import type { RollupRepository } from './rollup.repository';

const KINDS = ['rollup'];
/** Leases of one pass: few enough to be counted well before they end. */
const BATCH = 50;
const LEASE_MS = 30_000;
/** No count begins this shortly before its lease ends. */
const MARGIN_MS = 5_000;

export interface RollupWorkerOptions {
  claims: Pick<Claims, 'claim' | 'open' | 'release'>;
  slot: Pick<OwnerSlot, 'owner'>;
  rollups: Pick<RollupRepository, 'count'>;
  /** Shortest and longest pause between two passes: a completion shows within the longest and a pass. */
  pause: { minMs: number; maxMs: number };
  logger: Logger;
  clock: Clock;
}

/** Claims hours that have changed and counts what is new in them, a pass at a time, until it is closed. */
export class RollupWorker {
  private readonly passes = new Passes();

  constructor(private readonly options: RollupWorkerOptions) {}

  start(): void {
    this.passes.start(() => this.timedPass());
  }

  /** Ends after the count in hand and gives the other leases back. */
  close(): Promise<void> {
    return this.passes.close();
  }

  /** The pause behind it. */
  private async timedPass(): Promise<number> {
    const begun = this.options.clock.monotonic();
    await this.pass();
    const took = this.options.clock.monotonic() - begun;
    rollupPassDuration.record(took / 1_000);
    return pauseAfter(took, this.options.pause);
  }

  /** Never rejects: the next pass tries again. */
  private async pass(): Promise<void> {
    const { slot, logger } = this.options;
    try {
      while (!this.passes.stopped) {
        const { owner } = slot;
        if (!owner || (await this.claimAndCount(owner)) < BATCH) return;
      }
    } catch (error) {
      const level = error instanceof OperationalError ? 'warn' : 'error';
      logger[level]({ err: error }, 'usage could not be counted; trying again');
    }
  }

  private async claimAndCount(owner: LeaseOwner): Promise<number> {
    const { claims } = this.options;
    const leases = await claims.claim(owner, KINDS, BATCH, LEASE_MS);
    if (leases.length === 0) return 0;
    const tokens = await claims.open(owner, leases);
    const byTenant = new Map(tokens.map((token) => [token.tenantId, token]));
    const done: Lease[] = [];
    for (const lease of leases) {
      if (await this.count(lease, byTenant.get(lease.tenantId))) done.push(lease);
    }
    // A row that failed is not given back: it would be the first to be claimed again, before all others. It is due
    // after its lease, behind what has become due meanwhile.
    await claims.release(owner, done);
    return leases.length;
  }

  /** Whether the row may be claimed again at once. One tenant's failure is not the others'. */
  private async count(lease: Lease, token: TenantToken | undefined): Promise<boolean> {
    const { rollups, logger, clock } = this.options;
    if (!token || this.passes.stopped || clock.monotonic() > lease.deadline - MARGIN_MS) {
      return true;
    }
    const counted = (outcome: 'counted' | 'dropped' | 'failed' | 'taken') =>
      rollupsCounted.add(1, { 'easyflow.outcome': outcome });
    const { tenantId, id } = lease;
    try {
      const outcome = await rollups.count(token, lease);
      counted(outcome);
      if (outcome === 'dropped')
        logger.warn({ tenantId, id }, 'a row that named no hour was deleted');
      return true;
    } catch (error) {
      if (error instanceof LostLeaseError) {
        counted('taken');
        return true;
      }
      counted('failed');
      // Without a database the others fail too; a tenant that is too busy or moving fails alone.
      if (error instanceof OperationalError && error.code === 'database.unavailable') throw error;
      const level = error instanceof OperationalError ? 'warn' : 'error';
      logger[level]({ err: error, tenantId }, 'an hour could not be counted');
      return false;
    }
  }
}

/** A busy hour changes with every flush: counting takes at most a tenth of the time. */
export function pauseAfter(
  tookMs: number,
  { minMs, maxMs }: { minMs: number; maxMs: number },
): number {
  return Math.min(maxMs, Math.max(minMs, 9 * tookMs));
}
