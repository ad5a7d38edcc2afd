import { pairKey, type TenantKey } from '@easyflow/tenant-context';
import type { LiveExecution } from './live-execution';

/** The executions of this process, and how many more it may take. */
export class LiveExecutions {
  private readonly byPair = new Map<TenantKey, LiveExecution>();
  /** Rows claimed or promised that are not in memory yet. */
  private reserved = 0;
  private readonly freed = new Set<() => void>();

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.byPair.size;
  }

  get free(): number {
    return Math.max(0, this.capacity - this.byPair.size - this.reserved);
  }

  get empty(): boolean {
    return this.byPair.size === 0 && this.reserved === 0;
  }

  /** Holds room; false, and nothing held, when there is not enough. */
  reserve(count: number): boolean {
    if (count > this.free) return false;
    this.reserved += count;
    return true;
  }

  release(count: number): void {
    this.reserved = Math.max(0, this.reserved - count);
    this.tellFreed();
  }

  /** Adds an execution whose room was reserved. One that was already here under an older lease is left. */
  add(execution: LiveExecution): void {
    this.byPair.get(execution.key)?.leave();
    this.reserved = Math.max(0, this.reserved - 1);
    this.byPair.set(execution.key, execution);
  }

  get(tenantId: string, id: string): LiveExecution | undefined {
    return this.byPair.get(pairKey(tenantId, id));
  }

  all(): IterableIterator<LiveExecution> {
    return this.byPair.values();
  }

  /** Lets an execution go: it is final, waits in the database, or is no longer ours. */
  remove(execution: LiveExecution): void {
    execution.leave();
    if (this.byPair.get(execution.key) !== execution) return;
    this.byPair.delete(execution.key);
    this.tellFreed();
  }

  /** The listener is called whenever room has become free. */
  onFreed(listener: () => void): void {
    this.freed.add(listener);
  }

  private tellFreed(): void {
    for (const listener of this.freed) listener();
  }
}
