import { ExpressionSyntaxError } from '../errors';
import { parse } from '../syntax/program';
import { wholeExpression } from './segments';

/**
 * How a text is recognized as an expression. `strict`: it has the form `${ … }`. `loose`: also
 * every other text that is a jq program, for properties that hold expressions.
 */
export type EvaluationMode = 'strict' | 'loose';

/** Whether a text reads as a jq program (its names are not looked up). */
function isProgram(text: string): boolean {
  if (text.trim() === '') return false;
  try {
    return parse(text).body !== undefined;
  } catch (error) {
    if (error instanceof ExpressionSyntaxError) return false;
    throw error;
  }
}

/** Whether a whole text is an expression. */
export function isExpression(text: string, mode: EvaluationMode): boolean {
  return wholeExpression(text) !== undefined || (mode === 'loose' && isProgram(text));
}

/** The jq program in a text: without `${` and `}` where it has that form. */
export function stripExpression(text: string): string {
  return (wholeExpression(text)?.text ?? text).trim();
}
