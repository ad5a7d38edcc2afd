import { OperationalError } from '@easyflow/kernel-errors';
import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import type { Claims, IssuerPort, Lease, LeaseOwner, TenantToken } from '@easyflow/tenant-context';
import { LostLeaseError, type RollupRepository } from './rollup.repository';

const KINDS = ['rollup'];
/** Leases of one pass: few enough to be counted well before they end. */
const BATCH = 50;
const LEASE_MS = 30_000;
/** No recount begins this shortly before its lease ends. */
const MARGIN_MS = 5_000;

export interface RollupWorkerOptions {
  claims: Pick<Claims, 'claim' | 'open' | 'release'>;
  issuer: Pick<IssuerPort, 'registerOwner'>;
  rollups: Pick<RollupRepository, 'recount'>;
  slot: string;
  /** Shortest and longest pause between two passes: a completion shows within the longest and a pass. */
  pause: { minMs: number; maxMs: number };
  logger: Logger;
  clock: Clock;
}

/** Claims hours that have changed and recounts them, a pass at a time, until it is closed. */
export class RollupWorker {
  private owner: LeaseOwner | undefined;
  private stopped = false;
  private wake: (() => void) | undefined;
  private running: Promise<void> | undefined;

  constructor(private readonly options: RollupWorkerOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Ends after the recount in hand and gives the other leases back. */
  async close(): Promise<void> {
    this.stopped = true;
    this.wake?.();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const begun = this.options.clock.monotonic();
      await this.pass();
      const took = this.options.clock.monotonic() - begun;
      await this.sleep(pauseAfter(took, this.options.pause));
    }
  }

  /** Never rejects: the next pass tries again. */
  private async pass(): Promise<void> {
    try {
      this.owner ??= await this.options.issuer.registerOwner(this.options.slot);
      while (!this.stopped && (await this.claimAndCount(this.owner)) === BATCH);
    } catch (error) {
      // The slot may have been registered again elsewhere: register anew, whatever it was.
      this.owner = undefined;
      const level = error instanceof OperationalError ? 'warn' : 'error';
      this.options.logger[level]({ err: error }, 'usage could not be counted; trying again');
    }
  }

  private async claimAndCount(owner: LeaseOwner): Promise<number> {
    const { claims } = this.options;
    const leases = await claims.claim(owner, KINDS, BATCH, LEASE_MS);
    if (leases.length === 0) return 0;
    const tokens = await claims.open(owner, leases);
    const byTenant = new Map(tokens.map((token) => [token.tenantId, token]));
    for (const lease of leases) await this.count(lease, byTenant.get(lease.tenantId));
    await claims.release(owner, leases);
    return leases.length;
  }

  /** One tenant's failure is not the others'. */
  private async count(lease: Lease, token: TenantToken | undefined): Promise<void> {
    const { rollups, logger, clock } = this.options;
    if (!token || this.stopped || clock.monotonic() > lease.deadline - MARGIN_MS) return;
    try {
      await rollups.recount(token, lease);
    } catch (error) {
      if (error instanceof OperationalError) throw error;
      if (error instanceof LostLeaseError) return;
      logger.error({ err: error, tenantId: lease.tenantId }, 'an hour could not be counted');
    }
  }

  private async sleep(milliseconds: number): Promise<void> {
    if (this.stopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.wake = resolve;
    const timer = setTimeout(resolve, milliseconds);
    await promise;
    clearTimeout(timer);
  }
}

/** A busy hour is long to count and changes with every flush: counting takes at most a tenth of the time. */
export function pauseAfter(
  tookMs: number,
  { minMs, maxMs }: { minMs: number; maxMs: number },
): number {
  return Math.min(maxMs, Math.max(minMs, 9 * tookMs));
}
