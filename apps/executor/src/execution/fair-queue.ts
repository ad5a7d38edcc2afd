interface Line<T> {
  readonly items: T[];
  head: number;
}

/** Things of tenants that wait for one resource: each tenant's in their order, and one of each tenant in turn. */
export class FairQueue<T> {
  /** In the order of their turns: who has had one goes to the end. */
  private readonly lines = new Map<string, Line<T>>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(tenantId: string, item: T): void {
    this.count += 1;
    const line = this.lines.get(tenantId);
    if (line) line.items.push(item);
    else this.lines.set(tenantId, { items: [item], head: 0 });
  }

  /** The next; undefined when nothing waits. */
  take(): T | undefined {
    for (const [tenantId, line] of this.lines) {
      const item = line.items[line.head] as T;
      line.head += 1;
      this.count -= 1;
      this.lines.delete(tenantId);
      if (line.head < line.items.length) this.lines.set(tenantId, shortened(line));
      return item;
    }
    return undefined;
  }
}

/** What was taken is let go of once it is half of a line: so a take costs the same however long the line is. */
function shortened<T>(line: Line<T>): Line<T> {
  if (line.head < 32 || line.head * 2 < line.items.length) return line;
  return { items: line.items.slice(line.head), head: 0 };
}
