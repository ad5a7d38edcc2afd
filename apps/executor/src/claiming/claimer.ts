import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import type { Claims, Lease, LeaseOwner } from '@easyflow/tenant-context';
import { claimSize } from '../executor-metrics';
import type { LiveExecutions } from '../execution/live-executions';
import type { TenantShares } from './tenant-shares';

export interface ClaimerOptions {
  readonly claims: Claims;
  /** Undefined until the slot is registered. */
  readonly owner: () => LeaseOwner | undefined;
  readonly live: LiveExecutions;
  readonly shares: TenantShares;
  /** Takes what was claimed; room for it is reserved. Its errors are its own. */
  readonly take: (leases: readonly Lease[]) => Promise<void>;
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly version: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A claim takes at most this many. */
const MOST_AT_ONCE = 500;
/** When more work is known to wait, a claim is worth its statement from this much room on, or a quarter of all. */
const WORTH_A_CLAIM = 64;

/**
 * Claims executions while there is room: at every poll, at every hint, when released work comes due, and, when a
 * claim was cut short by room and not by work, again as soon as executions end.
 */
export class Claimer {
  private poll: NodeJS.Timeout | undefined;
  private due: { at: number; timer: NodeJS.Timeout } | undefined;
  private claiming: Promise<void> | undefined;
  private asked = false;
  /** The last claim filled all room: more waits. */
  private more = false;
  private stopped = true;
  private failing = false;
  private readonly taking = new Set<Promise<void>>();

  constructor(private readonly options: ClaimerOptions) {
    const worth = Math.min(WORTH_A_CLAIM, Math.ceil(options.live.capacity / 4));
    options.live.onFreed(() => {
      if (this.more && options.live.free >= worth) this.nudge();
    });
  }

  start(): void {
    this.stopped = false;
    this.poll = setInterval(() => this.nudge(), this.options.pollMs);
    this.nudge();
  }

  /** Claims no more; resolves when what was claimed has been taken. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.poll);
    clearTimeout(this.due?.timer);
    await this.claiming;
    await Promise.all(this.taking);
  }

  /** There is, or may be, work. */
  nudge(): void {
    void this.claim();
  }

  /** There was no room for work that is known to wait. */
  owe(): void {
    this.more = true;
  }

  /** Work of this process comes due at a time (milliseconds since the epoch). */
  nudgeAt(at: number): void {
    if (this.stopped || (this.due && this.due.at <= at)) return;
    const delay = at - this.options.clock.now();
    // The poll finds what is due later than this.
    if (delay > 60_000) return;
    clearTimeout(this.due?.timer);
    const timer = setTimeout(
      () => {
        this.due = undefined;
        this.nudge();
      },
      Math.max(0, delay) + 1,
    );
    this.due = { at, timer };
  }

  /** Claims until it comes back short; resolves when it has. Calls meanwhile lead to one more claim. */
  claim(): Promise<void> {
    this.asked = true;
    this.claiming ??= this.claimAll().finally(() => (this.claiming = undefined));
    return this.claiming;
  }

  private async claimAll(): Promise<void> {
    while (this.asked && !this.stopped) {
      this.asked = false;
      const { live } = this.options;
      const owner = this.options.owner();
      const room = Math.min(MOST_AT_ONCE, live.free);
      if (!owner || room === 0) {
        this.more ||= room === 0;
        return;
      }
      live.reserve(room);
      const leases = await this.claimSome(owner, room);
      if (!leases) {
        live.release(room);
        return;
      }
      this.more = leases.length === room;
      this.asked ||= this.more;
      live.release(room - leases.length);
      const taken = this.options.shares.take(leases, (lease) => lease);
      if (taken.length > 0) this.track(this.options.take(taken));
    }
  }

  private async claimSome(owner: LeaseOwner, room: number): Promise<Lease[] | undefined> {
    try {
      const { claims, leaseMs, version } = this.options;
      const leases = await claims.claim(owner, ['execution'], room, leaseMs, version);
      this.failing = false;
      claimSize.record(leases.length);
      return leases;
    } catch (error) {
      // Said once an outage, not at every poll.
      if (!this.failing) this.options.logger.warn({ error }, 'work could not be claimed');
      this.failing = true;
      return undefined;
    }
  }

  private track(taking: Promise<void>): void {
    const tracked = taking.finally(() => this.taking.delete(tracked));
    this.taking.add(tracked);
  }
}
