import { pairKey, type TenantKey } from '@easyflow/tenant-context';
import type { LiveExecution } from './live-execution';

/**
 * The executions of this process, and how many more it may take. Those whose calls are under way, or whose turn a thread
 * takes, hold no slot: they only take room in memory. Of that each tenant may have as much as is still free, so however
 * many tenants hang there is some for the next.
 */
export class LiveExecutions {
  private readonly byPair = new Map<TenantKey, LiveExecution>();
  /** Rows claimed or promised that are not in memory yet. */
  private reserved = 0;
  /** Those that hold no slot. */
  private readonly resting = new Set<LiveExecution>();
  private readonly byTenant = new Map<string, number>();
  private readonly freed = new Set<() => void>();

  constructor(
    readonly capacity: number,
    /** Executions in memory at most, with those that rest. */
    private readonly mostInMemory = Infinity,
  ) {}

  get size(): number {
    return this.byPair.size;
  }

  get free(): number {
    const size = this.byPair.size + this.reserved;
    const slots = this.capacity - size + this.resting.size;
    return Math.max(0, Math.min(slots, this.mostInMemory - size));
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

  /** Whether a tenant may have one more, beside so many of all tenants, and of its own, that are about to be added. */
  admits(tenantId: string, coming: { readonly all: number; readonly own: number }): boolean {
    const left = this.mostInMemory - this.byPair.size - coming.all;
    return (this.byTenant.get(tenantId) ?? 0) + coming.own < Math.max(1, left);
  }

  /** The execution waits for its calls, or for a thread: its slot is free. */
  rest(execution: LiveExecution): void {
    if (this.byPair.get(execution.key) !== execution || this.resting.has(execution)) return;
    this.resting.add(execution);
    this.tellFreed();
  }

  /** The execution goes on. */
  wake(execution: LiveExecution): void {
    this.resting.delete(execution);
  }

  /** Adds an execution whose room was reserved. One that was already here under an older lease is left. */
  add(execution: LiveExecution): void {
    const before = this.byPair.get(execution.key);
    if (before) this.forget(before);
    this.reserved = Math.max(0, this.reserved - 1);
    this.byPair.set(execution.key, execution);
    this.count(execution, 1);
  }

  get(tenantId: string, id: string): LiveExecution | undefined {
    return this.byPair.get(pairKey(tenantId, id));
  }

  all(): IterableIterator<LiveExecution> {
    return this.byPair.values();
  }

  /** Lets an execution go: it is final, waits in the database, or is no longer ours. */
  remove(execution: LiveExecution): void {
    if (this.byPair.get(execution.key) !== execution) return execution.leave();
    this.forget(execution);
    this.tellFreed();
  }

  private forget(execution: LiveExecution): void {
    execution.leave();
    this.byPair.delete(execution.key);
    this.resting.delete(execution);
    this.count(execution, -1);
  }

  private count({ facts: { tenantId } }: LiveExecution, change: number): void {
    const count = (this.byTenant.get(tenantId) ?? 0) + change;
    if (count > 0) this.byTenant.set(tenantId, count);
    else this.byTenant.delete(tenantId);
  }

  /** The listener is called whenever room has become free. */
  onFreed(listener: () => void): void {
    this.freed.add(listener);
  }

  private tellFreed(): void {
    for (const listener of this.freed) listener();
  }
}
