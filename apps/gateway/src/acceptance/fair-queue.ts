/** What a queue holds: of whom, and how many bytes. */
export interface Queued {
  readonly tenantId: string;
  readonly size: number;
}

interface Line<T> {
  items: T[];
  /** Items before it have been taken. */
  head: number;
}

/** First in, first out within a tenant, and tenants in turn: who has much waiting does not make others wait for it. */
export class FairQueue<T extends Queued> {
  /** Whose turn comes next first. */
  private readonly lines = new Map<string, Line<T>>();
  length = 0;

  push(item: T): void {
    const line = this.lines.get(item.tenantId);
    if (line) line.items.push(item);
    else this.lines.set(item.tenantId, { items: [item], head: 0 });
    this.length += 1;
  }

  /** At most so many items and bytes, but one item whatever its size. */
  take(most: { items: number; bytes: number }): T[] {
    const taken: T[] = [];
    let bytes = 0;
    // Who is served goes to the end, which this loop reaches again.
    for (const [tenantId, line] of this.lines) {
      const item = line.items[line.head] as T;
      if (taken.length > 0 && bytes + item.size > most.bytes) break;
      taken.push(item);
      bytes += item.size;
      line.head += 1;
      this.length -= 1;
      this.lines.delete(tenantId);
      if (line.head < line.items.length) this.lines.set(tenantId, compact(line));
      if (taken.length >= most.items) break;
    }
    return taken;
  }
}

/** Drops what has been taken, when it is most of the line. */
function compact<T>(line: Line<T>): Line<T> {
  if (line.head < 1_000 || line.head * 2 < line.items.length) return line;
  return { items: line.items.slice(line.head), head: 0 };
}
