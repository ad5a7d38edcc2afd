import type { Clock } from '@easyflow/kernel-time';

/** Where calls that failed are told to the operator; a pino logger fits. */
export interface CallLog {
  info(fields: object, message: string): void;
}

/** A tenant whose calls all fail must not fill the log for everybody. */
const LINES_A_SECOND = 20;

/** Tells the operator what the tenant is not told, some lines a second at most. */
export class BoundedCallLog {
  private since = -Infinity;
  private lines = 0;
  private suppressed = 0;

  constructor(
    private readonly log: CallLog | undefined,
    private readonly clock: Clock,
  ) {}

  failed(fields: { host: string; detail: string }): void {
    const now = this.clock.monotonic();
    if (now - this.since >= 1_000) {
      this.since = now;
      this.lines = 0;
    }
    this.lines += 1;
    if (this.lines > LINES_A_SECOND) {
      this.suppressed += 1;
      return;
    }
    const { suppressed } = this;
    this.suppressed = 0;
    this.log?.info(suppressed > 0 ? { ...fields, suppressed } : fields, 'a call failed');
  }
}
