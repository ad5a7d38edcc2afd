/** A JSON value as it goes into and comes out of a call. */
export type JsonValue =
  null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** The engine's `callHttp` effect, as far as performing it goes. */
export interface HttpCall {
  /** Sent as `Idempotency-Key` unless the flow sets one. */
  key: string;
  /** Milliseconds since the epoch. */
  deadline?: number;
  request: {
    method: string;
    uri: string;
    headers: Record<string, string>;
    body?: JsonValue;
    /** Follow redirects, and accept a 3xx that names no place to follow; otherwise every 3xx is an error. */
    redirect: boolean;
    output: 'content' | 'response' | 'raw';
  };
}

/** The specification's error object, without the instance: the engine knows the task. */
export interface HttpCallError {
  type: string;
  status: number;
  title: string;
  detail: string;
}

/** The engine's signal for a call that has ended. */
export type HttpCallResult =
  | { kind: 'effectSucceeded'; key: string; output: JsonValue }
  | { kind: 'effectFailed'; key: string; error: HttpCallError };

const ERRORS = 'https://open-workflow-specification.org/spec/1.0.0/errors/';

/** A problem of a call becomes a communication error, one of its time limit a timeout (specification, "Errors"). */
export class CallFailure extends Error {
  readonly error: HttpCallError;

  constructor(kind: 'communication' | 'timeout', status: number, title: string, detail: string) {
    super(detail);
    this.name = 'CallFailure';
    this.error = { type: ERRORS + kind, status, title, detail };
  }
}
