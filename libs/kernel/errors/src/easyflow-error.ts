/** A place in a document or an input that is wrong. `pointer` is a URI fragment: `#/do/0/x`. */
export interface ErrorPlace {
  pointer: string;
  /** 1-based line of the source text, where there is one. */
  line?: number;
  message: string;
}

/** Base of every error that leaves a room of this codebase. Callers branch on `code`, never on the text. */
export abstract class EasyFlowError extends Error {
  /** Whether the same request may succeed later without a change. */
  abstract readonly retryable: boolean;

  constructor(
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Thrown when the caller must change something: 4xx. */
export class UserError extends EasyFlowError {
  readonly retryable = false;
  readonly status: number;
  readonly errors: readonly ErrorPlace[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: string,
    message: string,
    options: {
      status?: number;
      errors?: readonly ErrorPlace[];
      /** Only for 429: how long the caller should hold back. */
      retryAfterSeconds?: number;
      cause?: unknown;
    } = {},
  ) {
    super(code, message, { cause: options.cause });
    this.status = options.status ?? 400;
    this.errors = options.errors;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** Thrown when a dependency is down or slow: retryable, 503 (or 504) with Retry-After. */
export class OperationalError extends EasyFlowError {
  readonly retryable = true;
  readonly retryAfterSeconds: number;

  constructor(
    code: string,
    message: string,
    options: { retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(code, message, { cause: options.cause });
    this.retryAfterSeconds = options.retryAfterSeconds ?? 1;
  }
}

/** Thrown when the program itself is wrong: 500, and someone should look. */
export class UnexpectedError extends EasyFlowError {
  readonly retryable = false;
}
