import type { ExpressionRuntimeError, ExpressionSyntaxError } from '../errors';

/** An expression inside a template is not a jq program. Thrown by `compileTemplate`. */
export class TemplateSyntaxError extends Error {
  /** JSON pointer of the text, relative to the template. */
  readonly pointer: string;
  /** Its place is relative to the text at the pointer. */
  override readonly cause: ExpressionSyntaxError;

  constructor(pointer: string, cause: ExpressionSyntaxError) {
    super(pointer === '' ? cause.message : `${pointer}: ${cause.message}`, { cause });
    this.name = 'TemplateSyntaxError';
    this.pointer = pointer;
    this.cause = cause;
  }
}

/** An expression inside a template raised an error or reached a bound. */
export class TemplateRuntimeError extends Error {
  /** JSON pointer of the text, relative to the template. */
  readonly pointer: string;
  /** Its place is relative to the program in the text. */
  override readonly cause: ExpressionRuntimeError;

  constructor(pointer: string, cause: ExpressionRuntimeError) {
    super(pointer === '' ? cause.message : `${pointer}: ${cause.message}`, { cause });
    this.name = 'TemplateRuntimeError';
    this.pointer = pointer;
    this.cause = cause;
  }
}
