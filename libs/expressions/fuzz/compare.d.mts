import type { compileExpression, ExpressionSyntaxError, Json } from '../src/index';

/** An answer to a case of the fuzz: ours or the oracle's. */
export interface Answer {
  readonly compiles: boolean;
  readonly message?: string;
  readonly outputs?: readonly Json[];
  readonly error?: string;
}

/** A case of the fuzz. */
export interface Case {
  readonly seed: number;
  readonly program: string;
  readonly input: Json;
}

export function ourAnswer(
  library: {
    readonly compileExpression: typeof compileExpression;
    readonly ExpressionSyntaxError: typeof ExpressionSyntaxError;
  },
  test: Case,
): Answer;

/** undefined: the answers agree; else what differs. */
export function difference(ours: Answer, theirs: Answer): string | undefined;
