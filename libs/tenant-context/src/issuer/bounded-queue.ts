/** Runs few tasks at a time, the others after them in order, and takes no more than so many that wait. */
export class BoundedQueue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limits: { atOnce: number; waiting: number }) {}

  /** Whether nothing runs or waits. */
  get idle(): boolean {
    return this.running === 0;
  }

  /** Undefined when too many wait already. */
  run<T>(task: () => Promise<T>): Promise<T> | undefined {
    const busy = this.running >= this.limits.atOnce;
    if (busy && this.waiting.length >= this.limits.waiting) return undefined;
    return this.inTurn(task);
  }

  private async inTurn<T>(task: () => Promise<T>): Promise<T> {
    if (this.running < this.limits.atOnce) this.running += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.waiting.shift();
      // The turn is handed on as it is.
      if (next) next();
      else this.running -= 1;
    }
  }
}
