import { FairQueue } from './fair-queue';

/** How long executions advance before the event loop gets its turn, milliseconds. */
const SLICE_MS = 8;

/** Gives executions their turns, one of each tenant after the other, a slice of time at once. */
export class Turns<T> {
  private readonly queue = new FairQueue<T>();
  private scheduled = false;

  constructor(
    private readonly take: (item: T) => void,
    private readonly monotonic: () => number,
  ) {}

  get empty(): boolean {
    return this.queue.size === 0;
  }

  add(tenantId: string, item: T): void {
    this.queue.add(tenantId, item);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.slice());
  }

  private slice(): void {
    this.scheduled = false;
    const end = this.monotonic() + SLICE_MS;
    for (let item = this.queue.take(); item !== undefined; item = this.queue.take()) {
      this.take(item);
      if (this.monotonic() >= end) break;
    }
    if (!this.empty) this.schedule();
  }
}
