import type { Json } from './values/json';

/** The line and column (both from 1) of an offset. Columns count UTF-16 units. */
export function placeOf(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset);
  const lastBreak = before.lastIndexOf('\n');
  return { line: before.split('\n').length, column: offset - lastBreak };
}

/** The text is not a jq program. Thrown by `compileExpression`; the message is jq's own. */
export class ExpressionSyntaxError extends Error {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** From 0, in UTF-16 units. */
  readonly offset: number;

  constructor(message: string, source: string, offset: number) {
    super(message);
    this.name = 'ExpressionSyntaxError';
    ({ line: this.line, column: this.column } = placeOf(source, offset));
    this.offset = offset;
  }
}

/** The program raised an error that it did not catch. */
export class ExpressionRuntimeError extends Error {
  /** What was raised: jq's own message, or the argument of `error`. */
  readonly value: Json;
  /** From 1; absent where no place in the source is known. */
  readonly line?: number;
  /** From 1, in UTF-16 units. */
  readonly column?: number;
  /** From 0, in UTF-16 units. */
  readonly offset?: number;

  constructor(message: string, value: Json, source: string, offset: number) {
    super(message);
    this.name = 'ExpressionRuntimeError';
    this.value = value;
    if (offset >= 0) {
      ({ line: this.line, column: this.column } = placeOf(source, offset));
      this.offset = offset;
    }
  }
}

/** The evaluation reached one of its bounds. A jq program cannot catch this one. */
export class ExpressionLimitError extends ExpressionRuntimeError {
  readonly limit: 'steps' | 'memory';

  constructor(limit: 'steps' | 'memory', message: string, source: string, offset: number) {
    super(message, message, source, offset);
    this.name = 'ExpressionLimitError';
    this.limit = limit;
  }
}

/**
 * The evaluation has used up the CPU it was allowed. Nothing is wrong with the program, no `try` catches this, and it may
 * be evaluated again with more.
 */
export class ExpressionInterrupted extends Error {
  constructor(
    /** What it was allowed, in milliseconds. */
    readonly allowed: number,
  ) {
    super(`The evaluation was interrupted: it had ${allowed} ms of CPU`);
    this.name = 'ExpressionInterrupted';
  }
}
