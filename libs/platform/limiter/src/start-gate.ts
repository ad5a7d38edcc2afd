import { systemClock, type Clock } from '@easyflow/kernel-time';
import type { RateLimiter } from './rate-limiter';

/** Beyond this many tenants, those whose line is over are forgotten. */
const SWEEP_AT = 10_000;
/** Nobody is sent away for longer: what stands before them may be cancelled meanwhile. */
const LONGEST_WAIT_MS = 600_000;

/**
 * Lets a tenant start so many executions a second by itself (sub-flows, schedules). What is over is not refused but
 * told when to ask again, one after the other at the tenant's rate: a line of thousands that all asked again when the
 * next token is there would keep a service busy with asking.
 */
export class StartGate {
  /** When the last of a tenant's line asks again, monotonic. */
  private readonly lines = new Map<string, number>();
  private sweepAt = SWEEP_AT;

  constructor(
    private readonly limiter: RateLimiter,
    private readonly clock: Clock = systemClock,
  ) {}

  /**
   * 0: they may start, and are counted. Otherwise milliseconds after which to ask again; nothing is counted. One that
   * will ask for something else instead does not join the line.
   */
  async admit(tenantId: string, perSecond: number, count: number, joins = true): Promise<number> {
    const { allowed, retryAfterMs } = await this.limiter.take(tenantId, perSecond, count);
    if (allowed) return 0;
    if (!joins) return Math.max(1, retryAfterMs);
    const now = this.clock.monotonic();
    const behind = (this.lines.get(tenantId) ?? 0) + (count * 1_000) / perSecond;
    const turn = Math.min(Math.max(now + retryAfterMs, behind), now + LONGEST_WAIT_MS);
    if (this.lines.size >= this.sweepAt) this.sweep(now);
    this.lines.set(tenantId, turn);
    return Math.max(1, Math.ceil(turn - now));
  }

  private sweep(now: number): void {
    for (const [tenantId, turn] of this.lines) if (turn <= now) this.lines.delete(tenantId);
    this.sweepAt = Math.max(SWEEP_AT, this.lines.size * 2);
  }
}
