/** How long executions advance before the event loop gets its turn, milliseconds. */
const SLICE_MS = 8;

/** Gives executions their turns in the order in which they asked, a slice of time at once. */
export class Turns<T> {
  private queue: T[] = [];
  private head = 0;
  private scheduled = false;

  constructor(
    private readonly take: (item: T) => void,
    private readonly monotonic: () => number,
  ) {}

  get empty(): boolean {
    return this.head >= this.queue.length;
  }

  add(item: T): void {
    this.queue.push(item);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.slice());
  }

  private slice(): void {
    this.scheduled = false;
    const end = this.monotonic() + SLICE_MS;
    for (;;) {
      const item = this.queue[this.head];
      if (item === undefined) break;
      this.head += 1;
      this.take(item);
      if (this.monotonic() >= end) break;
    }
    if (this.empty) {
      this.queue = [];
      this.head = 0;
    } else if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => this.slice());
    }
  }
}
