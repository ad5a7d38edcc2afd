export interface FlushLanesOptions {
  /** Flushes that may be on their way at once: a connection each. */
  lanes: number;
  /** How many rows wait for a flush. */
  waiting: () => number;
  /** Takes a batch of what waits and begins to write it; undefined when nothing may be written now. Never rejects. */
  flush: () => Promise<void> | undefined;
}

/** Rows that are worth a commit of their own while another is on its way. */
const WORTH_A_COMMIT = 32;
/** How long a few rows wait for the flush before them; one that takes longer is stuck, not busy. */
const PATIENCE_MS = 15;

/**
 * When a batch is flushed: at once while nothing is on its way, and else as soon as a lane is free *and* enough has
 * gathered. Two small commits side by side wait for each other's fsync and cost twice what one of both would, so a
 * few rows wait for the flush before them, unless that takes long.
 */
export class FlushLanes {
  private inFlight = 0;
  private begun = 0;
  private scheduled = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: FlushLanesOptions) {}

  /** Whether no flush is on its way. */
  get idle(): boolean {
    return this.inFlight === 0;
  }

  /** Looks at the end of the turn, so that what becomes ready in one turn of the event loop shares a flush. */
  schedule(): void {
    if (this.scheduled || this.inFlight === this.options.lanes) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.fill();
    });
  }

  private fill(): void {
    while (this.mayBegin()) {
      const flush = this.options.flush();
      if (!flush) return;
      this.inFlight += 1;
      this.begun = performance.now();
      void flush.finally(() => {
        this.inFlight -= 1;
        this.fill();
      });
    }
  }

  private mayBegin(): boolean {
    if (this.inFlight === 0) return true;
    if (this.inFlight === this.options.lanes) return false;
    const waiting = this.options.waiting();
    if (waiting === 0) return false;
    const patience = PATIENCE_MS - (performance.now() - this.begun);
    if (waiting >= WORTH_A_COMMIT || patience <= 0) return true;
    this.lookLater(patience);
    return false;
  }

  private lookLater(ms: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.fill();
    }, ms);
  }
}
