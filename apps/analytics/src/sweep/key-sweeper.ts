import { OperationalError } from '@easyflow/kernel-errors';
import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import type { Claims, Lease, LeaseOwner, OwnerSlot, TenantToken } from '@easyflow/tenant-context';
import { LostLeaseError } from '../leases/lost-lease-error';
import { Passes } from '../leases/passes';
import type { SweepRepository } from './sweep.repository';

const KINDS = ['sweep'];
const LEASE_MS = 30_000;
/** The lease is renewed when less than this is left of it. */
const MARGIN_MS = 10_000;
/** A page is followed by a pause of this many times its own length: a sweep takes a fifth of a connection. */
const PAUSE_FACTOR = 4;

export interface KeySweeperOptions {
  claims: Pick<Claims, 'claim' | 'open' | 'renew' | 'release'>;
  slot: Pick<OwnerSlot, 'owner'>;
  sweeps: Pick<SweepRepository, 'page' | 'rest'>;
  /** Between two looks for tenants that are due, milliseconds. */
  pollMs: number;
  logger: Logger;
  clock: Clock;
}

/** A lease that is being worked under and a token of its tenant. */
interface Held {
  lease: Lease;
  token: TenantToken;
}

/** Drops expired idempotency keys, one tenant at a time, a page at a time, until it is closed. */
export class KeySweeper {
  private readonly passes = new Passes();

  constructor(private readonly options: KeySweeperOptions) {}

  start(): void {
    this.passes.start(async () => {
      await this.pass();
      return this.options.pollMs;
    });
  }

  /** Ends after the page in hand and gives the lease back. */
  close(): Promise<void> {
    return this.passes.close();
  }

  /** Never rejects: the next pass tries again. */
  private async pass(): Promise<void> {
    const { slot, logger } = this.options;
    try {
      while (!this.passes.stopped) {
        const { owner } = slot;
        if (!owner || !(await this.sweepNext(owner))) return;
      }
    } catch (error) {
      const level = error instanceof OperationalError ? 'warn' : 'error';
      logger[level]({ err: error }, 'expired idempotency keys could not be dropped; trying again');
    }
  }

  /** Whether there was a tenant to sweep. */
  private async sweepNext(owner: LeaseOwner): Promise<boolean> {
    const { claims, logger } = this.options;
    const [lease] = await claims.claim(owner, KINDS, 1, LEASE_MS);
    if (!lease) return false;
    let held = await this.hold(owner, lease);
    if (!held) return true;
    try {
      held = await this.sweep(owner, held);
    } catch (error) {
      if (error instanceof OperationalError && error.code === 'database.unavailable') throw error;
      // Not given back: it would be the first to be claimed again, before all others.
      if (!(error instanceof LostLeaseError)) {
        const level = error instanceof OperationalError ? 'warn' : 'error';
        logger[level]({ err: error, tenantId: lease.tenantId }, 'keys could not be swept');
      }
      return true;
    }
    await claims.release(owner, [held.lease]);
    return true;
  }

  private async sweep(owner: LeaseOwner, first: Held): Promise<Held> {
    const { sweeps, clock } = this.options;
    let held = first;
    let seen = 0;
    for (let after: string | undefined = ''; after !== undefined;) {
      if (this.passes.stopped) return held;
      const begun = clock.monotonic();
      if (begun > held.lease.deadline - MARGIN_MS) held = await this.renew(owner, held);
      const page = await sweeps.page(held.token, after);
      seen += page.seen;
      after = page.next;
      if (after !== undefined) {
        await this.passes.pause(PAUSE_FACTOR * (clock.monotonic() - begun));
      }
    }
    await sweeps.rest(held.token, held.lease, { empty: seen === 0 });
    return held;
  }

  private async renew(owner: LeaseOwner, { lease }: Held): Promise<Held> {
    const [renewed] = await this.options.claims.renew(owner, [lease], LEASE_MS);
    const held = renewed && (await this.hold(owner, renewed));
    if (!held) throw new LostLeaseError();
    return held;
  }

  private async hold(owner: LeaseOwner, lease: Lease): Promise<Held | undefined> {
    const [token] = await this.options.claims.open(owner, [lease]);
    return token && { lease, token };
  }
}
