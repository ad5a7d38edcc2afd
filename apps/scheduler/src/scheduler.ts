import { MESSAGE_HEADERS, tenantEventsTopic } from '@easyflow/contracts-events';
import type { Clock } from '@easyflow/kernel-time';
import { InMemoryRateLimiter, StartGate } from '@easyflow/platform-limiter';
import { OwnerSlot, type IssuerPort, type TenantToken } from '@easyflow/tenant-context';
import { MOST_AT_ONCE, ScheduleFirer } from './firing/schedule-firer';
import type { SchedulerDeps } from './scheduler-deps';
import type { SchedulerSettings } from './scheduler-settings';

/** `SchedulerDeps`, complete. */
export type SchedulerParts = Omit<SchedulerDeps, 'issuer' | 'settings'> & {
  readonly settings: SchedulerSettings;
  readonly issuer: Pick<IssuerPort, 'registerOwner'>;
  readonly clock: Clock;
};

const HINT = 'hint';

/** Fires due schedules, round after round. Any number of schedulers may run: a tick fires once. */
export class Scheduler {
  private readonly firer: ScheduleFirer;
  private readonly slot: OwnerSlot;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private closed = false;
  private failing = false;

  constructor(private readonly parts: SchedulerParts) {
    const { database, settings, clock, logger } = parts;
    this.slot = new OwnerSlot({
      issuer: parts.issuer,
      claims: database.claims,
      slot: settings.slot,
      isOurs: parts.ownsSlot,
      clock,
      logger,
    });
    const starts = new StartGate(parts.starts ?? new InMemoryRateLimiter(clock), clock);
    this.firer = new ScheduleFirer(database, starts, settings.leaseMs, clock, logger);
  }

  get registered(): boolean {
    return this.slot.owner !== undefined;
  }

  async start(): Promise<void> {
    await this.slot.start();
    void this.nudge();
  }

  /** Looks for due schedules now; resolves when it has. */
  async nudge(): Promise<void> {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.running ??= this.rounds().finally(() => (this.running = undefined));
    await this.running;
  }

  /** Ends after the round in hand; it holds no lease then. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.running;
    this.slot.close();
  }

  private async rounds(): Promise<void> {
    let nextDue = Infinity;
    let claimed: number;
    do {
      const round = await this.round();
      claimed = round.claimed;
      nextDue = Math.min(nextDue, round.nextDue);
    } while (claimed === MOST_AT_ONCE && !this.closed);
    if (this.closed) return;
    const untilDue = Math.max(1, nextDue - this.parts.clock.now() + 1);
    const delay = Math.min(this.parts.settings.pollMs, untilDue);
    this.timer = setTimeout(() => void this.nudge(), delay);
  }

  private async round(): Promise<{ claimed: number; nextDue: number }> {
    const nothing = { claimed: 0, nextDue: Infinity };
    const { owner } = this.slot;
    if (!owner) return nothing;
    try {
      const round = await this.firer.round(owner);
      this.failing = false;
      if (round.started > 0 && round.tenant) await this.hint(round.tenant);
      return round;
    } catch (error) {
      // Said once an outage, not at every poll.
      if (!this.failing) this.parts.logger.warn({ error }, 'schedules could not be fired');
      this.failing = true;
      return nothing;
    }
  }

  /** One hint wakes an executor for all tenants; a lost one is made up for by the executors' own poll. */
  private async hint({ tenantId, placement }: TenantToken): Promise<void> {
    const { transport, signer, logger } = this.parts;
    if (!transport.isUp()) return;
    const topic = tenantEventsTopic(tenantId);
    const value = '{}';
    const epoch = placement.epoch;
    const envelope = signer.sign({ topic, type: HINT, tenantId, epoch, value });
    try {
      const headers = { ...envelope, [MESSAGE_HEADERS.pattern]: HINT };
      await transport.send([{ topic, headers, value }]);
    } catch (error) {
      logger.debug({ error }, 'a hint was not sent');
    }
  }
}
