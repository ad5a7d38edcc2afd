import type { Json } from '@easyflow/expressions';

/** An HTTP request, everything in it evaluated: query merged into `uri`, authentication into `headers`. */
export interface HttpRequest {
  method: string;
  uri: string;
  headers: Record<string, string>;
  body?: Json;
  /** Whether redirects are followed (and a 3xx without one to follow is no error). */
  redirect: boolean;
  output: 'content' | 'response' | 'raw';
}

export interface CallHttpEffect {
  kind: 'callHttp';
  /** The same on every dispatch of this effect, another for every retry of the flow: the `Idempotency-Key`. */
  key: string;
  /** JSON pointer of the task. */
  task: string;
  /** From 1; counts the retries of the innermost `try` around the task. */
  attempt: number;
  /** Milliseconds since the epoch: the nearest timeout around the task. */
  deadline?: number;
  request: HttpRequest;
}

export interface RunFlowEffect {
  kind: 'runFlow';
  key: string;
  task: string;
  flow: { namespace: string; name: string; version: string };
  /** The id that the child is to have: the same on every dispatch. */
  childId: string;
  input: Json;
  /** Whether the execution waits for the end of the child, told by the signal `childEnded`. */
  await: boolean;
}

/** Something that only the shell can do. */
export type Effect = CallHttpEffect | RunFlowEffect;
