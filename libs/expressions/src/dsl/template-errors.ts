import type { ExpressionRuntimeError, ExpressionSyntaxError } from '../errors';

class TemplateError<C extends Error> extends Error {
  /** JSON pointer of the text, relative to the template. */
  readonly pointer: string;
  /** Its place is relative to the text at the pointer, or to the program in it that failed. */
  override readonly cause: C;

  constructor(name: string, pointer: string, cause: C) {
    super(pointer === '' ? cause.message : `${pointer}: ${cause.message}`, { cause });
    this.name = name;
    this.pointer = pointer;
    this.cause = cause;
  }
}

/** An expression inside a template is not a jq program. Thrown by `compileTemplate`. */
export class TemplateSyntaxError extends TemplateError<ExpressionSyntaxError> {
  constructor(pointer: string, cause: ExpressionSyntaxError) {
    super('TemplateSyntaxError', pointer, cause);
  }
}

/** An expression inside a template raised an error or reached a bound. */
export class TemplateRuntimeError extends TemplateError<ExpressionRuntimeError> {
  constructor(pointer: string, cause: ExpressionRuntimeError) {
    super('TemplateRuntimeError', pointer, cause);
  }
}
