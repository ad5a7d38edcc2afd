import { availableParallelism } from 'node:os';
import { defaultEcoWindow, type EcoWindow } from '@easyflow/domain-schedule';

/** What can be set of an executor. Durations in milliseconds. */
export interface ExecutorSettings {
  /** The slot of the lease owner: reused by the process that replaces this one. */
  readonly slot: string;
  /** Executions at a time that take turns or are being stored; those whose calls are under way do not count. */
  readonly maxInFlight: number;
  /** Executions in memory at most, with those; the database allows an owner 5,000 leases. */
  readonly maxInMemory: number;
  /** At most 30,000. */
  readonly leaseMs: number;
  /** How often free slots look for work without a hint. */
  readonly pollMs: number;
  /** How long a closing executor waits for effects in flight. */
  readonly drainMs: number;
  readonly ecoWindow: EcoWindow;
  /** Threads for turns that take long and for large documents. */
  readonly threads: number;
  /** Of the heap of each of them. A state may take 256 million characters, and several of them are there at a time. */
  readonly threadMegabytes: number;
  /**
   * Of what it can run. It is raised with every format of states and signals and every kind of task that an older
   * executor does not know: what one has put off as unknown, it leaves to those of a higher version.
   */
  readonly version: number;
  /** Where it answers health questions; without it nowhere (one process). */
  readonly http?: { readonly host: string; readonly port: number };
}

export const defaultExecutorSettings: Omit<ExecutorSettings, 'slot'> = {
  maxInFlight: 2_000,
  maxInMemory: 4_900,
  leaseMs: 15_000,
  pollMs: 250,
  drainMs: 10_000,
  ecoWindow: defaultEcoWindow,
  threads: Math.max(1, availableParallelism() - 1),
  threadMegabytes: 2_048,
  version: 1,
};
