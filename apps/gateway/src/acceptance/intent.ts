import type { Dispatch } from '@easyflow/contracts-http';
import type { Json } from '@easyflow/engine';
import type { TenantToken } from '@easyflow/tenant-context';

/** An execution that is to be accepted: everything its rows need, made before any of them is written. */
export interface Intent {
  id: string;
  /** `ef_writer`; must live when the intent joins a flush. */
  token: TenantToken;
  /** Asks for a live token, after this one has expired in the queue. */
  renewToken: () => Promise<TenantToken>;
  flow: { namespace: string; name: string; version: string };
  input: Json;
  /** The same as JSON. */
  inputText: string;
  mode: string;
  /** 1 for eco, 0 for the others: the column `work.class`. */
  workClass: 0 | 1;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** When it may start, milliseconds since the epoch; undefined for at once. */
  dueAt: number | undefined;
  traceParent: string;
  /** Where the executor announces the end, when a request waits for it. */
  replySlot: string | undefined;
  idempotency: IdempotencyClaim | undefined;
}

export interface IdempotencyClaim {
  key: string;
  /** SHA-256 of the flow and the parsed body. */
  requestHash: Buffer;
}

/** What became of an intent. */
export type Outcome =
  | { kind: 'accepted'; id: string; dispatch: Dispatch }
  /** The key is bound to this execution by the same request. */
  | { kind: 'replayed'; id: string; status: string; dispatch: Dispatch }
  /** The key is bound to another request. */
  | { kind: 'mismatched' }
  /** The key was bound when the flush tried and had expired when it looked: to be tried once more. */
  | { kind: 'unbound' };
