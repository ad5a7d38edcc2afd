import type { Clock } from '@easyflow/kernel-time';

/** The longest delay a timer of Node can hold. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * The clock of one call: it ends the waiting for a connection, for the answer's head and for its body alike. With a
 * deadline of the flow that rules alone, also beyond the default; without one the default counts from when the call
 * is sent, not while it waits for others of its tenant.
 */
export class TimeLimit {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private expired = false;
  private end: number | undefined;

  /** `deadline` in milliseconds since the epoch, read once: from then on it is time that remains. */
  constructor(
    deadline: number | undefined,
    private readonly defaultMs: number,
    private readonly clock: Clock,
  ) {
    if (deadline !== undefined) this.count(deadline - clock.now());
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Whether it was the time that ended the call. */
  get hasExpired(): boolean {
    return this.expired;
  }

  /** The call is sent: without a deadline the default begins to count. */
  sent(): void {
    if (this.end === undefined) this.count(this.defaultMs);
  }

  /** Ends the call for another reason. */
  abort(): void {
    this.controller.abort();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private count(ms: number): void {
    this.end = this.clock.monotonic() + ms;
    this.wait();
  }

  /** Never early: the engine's own timer of the same deadline decides whose error it is. */
  private wait(): void {
    const rest = (this.end ?? 0) - this.clock.monotonic();
    if (rest > 0) {
      this.timer = setTimeout(() => this.wait(), Math.min(Math.ceil(rest), LONGEST_TIMER));
      return;
    }
    this.expired = true;
    this.controller.abort();
  }
}
