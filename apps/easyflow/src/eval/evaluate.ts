import { once } from 'node:events';
import {
  compileExpression,
  ExpressionSyntaxError,
  stripExpression,
  type ExpressionRuntimeError,
  type Json,
} from '@easyflow/expressions';
import { CommandFailure, exitCodes } from '../cli/exit-codes';
import { parseJson } from '../cli/parse-json';
import { caret } from './caret';
import { linesOf } from './lines';

/** The answer to one program. */
interface Answer {
  outputs: Json[];
  error?: { message: string; line?: number; column?: number };
}

/** Prints the outputs of an expression, one a line, as far as they come. @throws CommandFailure with the error */
export function evaluateOnce(expression: string, input: unknown): void {
  const program = stripExpression(expression);
  const { outputs, error } = answer(program, input as Json);
  for (const output of outputs) {
    const text = printed(output);
    if (text === undefined) throw new CommandFailure(exitCodes.error, tooDeep);
    process.stdout.write(`${text}\n`);
  }
  if (!error) return;
  const shown =
    error.line === undefined ? '' : `\n${caret(program, error.line, error.column ?? 1)}`;
  throw new CommandFailure(exitCodes.error, `${error.message}${shown}`);
}

/** Answers every line `{program, input}` with a line; a line that is none gets an answer with an error. */
export async function evaluateBatch(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<void> {
  for await (const line of linesOf(input)) {
    const unprintable: Answer = { outputs: [], error: { message: tooDeep } };
    const text = printed(answerLine(line)) ?? JSON.stringify(unprintable);
    if (!output.write(`${text}\n`)) await once(output, 'drain');
  }
}

const tooDeep = 'The result is nested too deeply or too long to be printed';

/** JSON text, or undefined of what is nested too deeply for the engine to write it, or too long for a text. */
function printed(value: Answer | Json): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}

function answerLine(line: string): Answer {
  let request: unknown;
  try {
    request = parseJson(line);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { outputs: [], error: { message: `The line is not JSON: ${reason}` } };
  }
  const { program, input = null } = (request ?? {}) as { program?: unknown; input?: Json };
  if (typeof program !== 'string') {
    return { outputs: [], error: { message: 'The line has no text "program"' } };
  }
  return answer(program, input);
}

function answer(program: string, input: Json): Answer {
  try {
    const { outputs, error } = compileExpression(program).collect(input);
    return { outputs, ...(error && { error: placed(error) }) };
  } catch (error) {
    if (!(error instanceof ExpressionSyntaxError)) throw error;
    return { outputs: [], error: placed(error) };
  }
}

function placed(error: ExpressionSyntaxError | ExpressionRuntimeError): Answer['error'] {
  const { message, line, column } = error;
  return {
    message,
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
  };
}
