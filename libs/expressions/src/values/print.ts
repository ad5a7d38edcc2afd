import { build, step, steps } from '../run/meter';
import type { Json, JsonObject } from './json';
import { ownKeys } from './object';
import { flat, inPieces } from './pieces';

/** jq prints nothing below this depth. */
const maximumDepth = 10_000;
const skipped = '<skipped: too deep>';

/** A number as jq prints it (17 significant digits at most, `1e+17`, `1e-05`). */
export function printNumber(value: number): string {
  if (value !== value) return 'null';
  const size = Math.abs(value);
  if (size < 1e16 && (size >= 1e-4 || size === 0)) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  if (size === Infinity) return printNumber(Math.sign(value) * Number.MAX_VALUE);
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent + 1 <= digits.length + 15 && exponent >= 0) {
    return (value < 0 ? '-' : '') + digits + '0'.repeat(exponent + 1 - digits.length);
  }
  const shown = Math.abs(exponent);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${shown < 10 ? '0' : ''}${shown}`;
}

/** Longer strings are printed piece by piece. */
const longString = 4096;

function escaped(value: string): string {
  const text = JSON.stringify(value);
  return text.includes('\u007f') ? text.replaceAll('\u007f', '\\u007f') : text;
}

/** A string in JSON; jq also escapes U+007F. */
export function printString(value: string): string {
  if (value.length <= longString) return escaped(value);
  build(value.length);
  return `"${inPieces(value, (piece) => escaped(piece).slice(1, -1))}"`;
}

function printScalar(value: null | boolean | number | string): string {
  if (typeof value === 'string') return printString(value);
  return typeof value === 'number' ? printNumber(value) : String(value);
}

/** One container being printed: its elements, or its entries. */
interface Level {
  readonly container: Json[] | JsonObject;
  readonly keys: readonly string[] | undefined;
  readonly size: number;
  next: number;
}

function levelOf(container: Json[] | JsonObject): Level {
  if (Array.isArray(container)) {
    return { container, keys: undefined, size: container.length, next: 0 };
  }
  const keys = ownKeys(container);
  return { container, keys, size: keys.length, next: 0 };
}

/** Long texts are made in chunks of so many characters. */
const chunkLength = 4096;

/**
 * Compact JSON as jq prints it; `enough`: no more than about so many characters are wanted.
 * Without recursion, because values may be nested more deeply than the JavaScript stack.
 */
export function printJson(root: Json, enough = Infinity): string {
  if (typeof root === 'string') steps(root.length >> 6);
  if (typeof root !== 'object' || root === null) return printScalar(root);
  const levels: Level[] = [];
  const chunks: string[] = [];
  let text = Array.isArray(root) ? '[' : '{';
  let level: Level | undefined = levelOf(root);
  while (level !== undefined && text.length <= enough) {
    const { keys, next } = level;
    if (next >= level.size) {
      text += keys === undefined ? ']' : '}';
      level = levels.pop();
      continue;
    }
    level.next = next + 1;
    if (next > 0) text += ',';
    let value: Json;
    if (keys === undefined) value = (level.container as Json[])[next] as Json;
    else {
      const key = keys[next] as string;
      text += `${printString(key)}:`;
      value = (level.container as JsonObject)[key] as Json;
    }
    if (levels.length >= maximumDepth) text += skipped;
    else if (typeof value !== 'object' || value === null) text += printScalar(value);
    else {
      text += Array.isArray(value) ? '[' : '{';
      levels.push(level);
      level = levelOf(value);
    }
    if (text.length > chunkLength && enough === Infinity) {
      steps(text.length >> 3);
      build(text.length);
      chunks.push(flat(text));
      text = '';
    }
  }
  build(text.length);
  return chunks.length === 0 ? text : chunks.join('') + text;
}

/** The number of bytes of a code point in UTF-8. */
export function utf8Size(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** The number of bytes in UTF-8. */
export function utf8Length(text: string): number {
  let size = text.length;
  for (let i = 0; i < text.length; i += 1) {
    if ((i & 15) === 0) step();
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) size += 1;
    else if (unit < 0xd800 || unit > 0xdbff) size += 2;
    else {
      // A pair: two units, four bytes. A lone surrogate becomes U+FFFD: three bytes.
      const isPair = i + 1 < text.length && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
      size += 2;
      if (isPair) i += 1;
    }
  }
  return size;
}

/** jq's error messages show at most 29 bytes of a value. */
const briefBytes = 29;

/** A value as jq's error messages show it. */
export function brief(value: Json): string {
  const text = printJson(typeof value === 'string' ? value.slice(0, 64) : value, 64);
  if (text.length <= briefBytes && utf8Length(text) <= briefBytes) return text;
  const first = text[0];
  const end = first === '"' ? '"' : first === '[' ? ']' : first === '{' ? '}' : '';
  let room = briefBytes - 3 - end.length;
  let kept = '';
  for (const character of text) {
    room -= utf8Size(character.codePointAt(0) as number);
    if (room < 0) break;
    kept += character;
  }
  return `${kept}...${end}`;
}
