import type { ExecutionState, Json } from '@easyflow/engine';
import type { TenantKey } from '@easyflow/tenant-context';
import type { StoredValues } from './stored-values';

/** An execution that this process let go: it waits for a time or a sub-flow. */
export interface Resting {
  readonly key: TenantKey;
  readonly tenantId: string;
  /** Of the row when it was let go: another checkpoint raises it. */
  readonly revision: number;
  readonly input: Json;
  readonly state: ExecutionState;
  readonly values: StoredValues;
}

/** Below this, reading and parsing it again is cheap. */
const SMALLEST = 16 * 1_024;
/** Characters of all, and of one tenant: others' states stay however many large ones it has. */
const MOST = 32 * 1_024 * 1_024;
const MOST_OF_A_TENANT = MOST / 4;
/** As long as a token lives: beyond that a process holds nothing of a tenant that it does not work for. */
const LONGEST_MS = 60_000;

interface Kept extends Resting {
  readonly size: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * Large states of executions that will be claimed again soon, most likely by this process: a loop of waits or of
 * sub-flows is loaded at every step, and its input need not be read and parsed each time. Only what the row still says
 * is used: whoever loads compares the revision.
 */
export class RestingStates {
  /** The oldest first. */
  private readonly kept = new Map<TenantKey, Kept>();
  private readonly sizes = new Map<string, number>();
  private size = 0;

  keep(resting: Resting): void {
    this.take(resting.key);
    const { size } = resting.values;
    if (size < SMALLEST || size > MOST_OF_A_TENANT) return;
    const timer = setTimeout(() => this.take(resting.key), LONGEST_MS).unref();
    this.kept.set(resting.key, { ...resting, size, timer });
    this.count(resting.tenantId, size);
    for (const [key, one] of this.kept) {
      const isFull = this.size > MOST;
      if (!isFull && this.sizeOf(resting.tenantId) <= MOST_OF_A_TENANT) return;
      if (isFull || one.tenantId === resting.tenantId) this.take(key);
    }
  }

  /** Gives what is kept of an execution, and keeps it no longer. */
  take(key: TenantKey): Resting | undefined {
    const one = this.kept.get(key);
    if (!one) return undefined;
    clearTimeout(one.timer);
    this.kept.delete(key);
    this.count(one.tenantId, -one.size);
    return one;
  }

  clear(): void {
    for (const key of [...this.kept.keys()]) this.take(key);
  }

  private sizeOf(tenantId: string): number {
    return this.sizes.get(tenantId) ?? 0;
  }

  private count(tenantId: string, size: number): void {
    this.size += size;
    const total = this.sizeOf(tenantId) + size;
    if (total > 0) this.sizes.set(tenantId, total);
    else this.sizes.delete(tenantId);
  }
}
