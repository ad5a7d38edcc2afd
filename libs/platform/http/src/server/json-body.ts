import { fragmentTo, locateJsonError, UserError } from '@easyflow/kernel-errors';
import { isUtf8 } from 'node:buffer';

/** Levels of objects and arrays that a body may have. */
export const maxNesting = 100;

/**
 * The text of a body.
 * @throws UserError `body.malformed` (400) when the bytes are not UTF-8.
 */
export function readText(bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    throw new UserError('body.malformed', 'The body is not UTF-8; encode it as UTF-8');
  }
  return bytes.toString('utf8');
}

/**
 * Parses a JSON body.
 * @throws UserError `body.malformed` (400) naming the place; `body.too_deep` (400) beyond 100 levels.
 */
export function parseJsonBody(bytes: Buffer): unknown {
  const text = readText(bytes);
  refuseDeepNesting(text);
  const value = parse(text);
  if (MAYBE_TOO_LARGE.test(text)) refuseInfinity(value, []);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { message, line, column, offset } = locateJsonError(text);
    throw new UserError(
      'body.malformed',
      `The body is not JSON: ${message} at line ${line}, column ${column} (position ${offset})`,
      { errors: [{ pointer: '#', line, message: `${message} at column ${column}` }], cause: error },
    );
  }
}

/** Only such digits can be a number beyond a double; JSON.parse makes it Infinity, which would be stored as null. */
const MAYBE_TOO_LARGE = /[eE]\+?\d{3}|\d{309}/;

/** Its depth is bounded: the nesting was checked. */
function refuseInfinity(value: unknown, path: readonly string[]): void {
  if (value === Infinity || value === -Infinity) {
    const pointer = fragmentTo(path);
    const message = 'the number is larger than a double can hold';
    throw new UserError('body.malformed', `The body cannot be read: ${pointer} ${message}`, {
      errors: [{ pointer, message }],
    });
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) refuseInfinity(member, [...path, key]);
}

/** Counts brackets outside of strings, before anything recursive sees the text. */
function refuseDeepNesting(text: string): void {
  // Every level takes two characters: a short body, which nearly all are, cannot be too deep.
  if (text.length < 2 * maxNesting) return;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit === QUOTE) index = endOfString(text, index);
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) {
      depth += 1;
      if (depth > maxNesting) {
        throw new UserError(
          'body.too_deep',
          `The body nests more than ${maxNesting} levels; flatten it`,
        );
      }
    } else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) depth -= 1;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Index of the quote that ends the string which begins at `start`; the text's end when none does. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && escaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function escaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(index - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}
