import type { LeaseOwner } from '../access/lease';

/** An execution that was inserted under a lease of the executor in the same process. */
export interface BornExecution<Value = unknown> {
  tenantId: string;
  id: string;
  flow: { namespace: string; name: string; version: string };
  input: Value;
  mode: string;
  claimNo: number;
  wakeSeq: number;
  /** `performance.now()` after which no effect may start. */
  leaseDeadline: number;
  traceParent?: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

/** A final execution, told to requests that wait in the same process. */
export interface EndedExecution {
  tenantId: string;
  id: string;
  status: string;
  /** JSON text, as it was stored. */
  output?: string | undefined;
  /** JSON text. */
  error?: string | undefined;
}

/**
 * The road of the one-process shape from the gateway's flush to the executor without a claim or a
 * read. `Value` is opaque here, so that gateway and executor need not import each other.
 */
export interface LocalDispatch<Value = unknown> {
  /** The executor's lease owner when it has room for `count` more executions; the room is then reserved. */
  reserve(count: number): (LeaseOwner & { leaseMs: number }) | undefined;
  /** After the commit. The executor opens its own tokens. */
  deliver(born: readonly BornExecution<Value>[]): void;
  /** The flush failed: the reserved room is free again. */
  release(count: number): void;
  /** Postgres refused the owner that `reserve` answered: another process has its slot. */
  refused(owner: LeaseOwner): void;
  /** Called with what a flush of the executor ended; returns the unsubscribe function. */
  onEnded(listener: (ended: readonly EndedExecution[]) => void): () => void;
}
