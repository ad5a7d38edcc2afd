import { build, step, steps } from '../run/meter';
import type { Json, JsonObject } from './json';
import { ownKeys } from './object';
import { flat, inPieces } from './pieces';

/** jq prints nothing below this depth. */
const maximumDepth = 10_000;
/** Recursion goes so deep. */
const recursion = 200;
const skipped = '<skipped: too deep>';

/** A number as jq prints it (17 significant digits at most, `1e+17`, `1e-05`). */
export function printNumber(value: number): string {
  if (value !== value) return 'null';
  const size = Math.abs(value);
  if (size < 1e16 && (size >= 1e-4 || size === 0)) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  if (size === Infinity) return value > 0 ? '1.7976931348623157e+308' : '-1.7976931348623157e+308';
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  const digits = mantissa.replace('-', '').replace('.', '');
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
  switch (typeof value) {
    case 'string':
      return printString(value);
    case 'number':
      return printNumber(value);
    default:
      return String(value);
  }
}

/** One container being printed. */
interface Level {
  readonly array: readonly Json[] | undefined;
  readonly object: JsonObject | undefined;
  readonly keys: readonly string[];
  next: number;
}

const noKeys: readonly string[] = [];

function open(value: Json[] | JsonObject): Level {
  return Array.isArray(value)
    ? { array: value, object: undefined, keys: noKeys, next: 0 }
    : { array: undefined, object: value, keys: ownKeys(value), next: 0 };
}

/** Long texts are made in chunks of so many characters. */
const chunkLength = 4096;

/** Prints by recursion, which is fastest, down to a depth at which a stack takes over. */
class Printer {
  private text = '';
  private readonly chunks: string[] = [];

  write(value: Json, depth: number): void {
    if (typeof value !== 'object' || value === null) this.text += printScalar(value);
    else if (depth >= recursion) this.text += printWithStack(value, depth, Infinity);
    else if (Array.isArray(value)) {
      this.text += '[';
      for (let i = 0; i < value.length; i += 1) {
        if (i > 0) this.text += ',';
        this.write(value[i] as Json, depth + 1);
      }
      this.text += ']';
    } else {
      let separator = '{';
      for (const key of ownKeys(value)) {
        this.text += `${separator}${printString(key)}:`;
        separator = ',';
        this.write(value[key] as Json, depth + 1);
      }
      this.text += separator === '{' ? '{}' : '}';
    }
    if (this.text.length > chunkLength) this.keep();
  }

  private keep(): void {
    steps(this.text.length >> 3);
    build(this.text.length);
    this.chunks.push(flat(this.text));
    this.text = '';
  }

  end(): string {
    build(this.text.length);
    if (this.chunks.length === 0) return this.text;
    this.chunks.push(this.text);
    return this.chunks.join('');
  }
}

/**
 * Compact JSON as jq prints it; `enough`: no more than about so many characters are wanted.
 */
export function printJson(root: Json, enough = Infinity): string {
  if (typeof root === 'string') steps(root.length >> 6);
  if (typeof root !== 'object' || root === null) return printScalar(root);
  if (enough !== Infinity) return printWithStack(root, 0, enough);
  const printer = new Printer();
  printer.write(root, 0);
  return printer.end();
}

/** Without recursion, because values may be nested more deeply than the JavaScript stack. */
function printWithStack(root: Json[] | JsonObject, depth: number, enough: number): string {
  const levels: Level[] = [open(root)];
  const chunks: string[] = [];
  let text = Array.isArray(root) ? '[' : '{';
  while (levels.length > 0 && text.length <= enough) {
    const level = levels[levels.length - 1] as Level;
    const index = level.next;
    const size = level.array === undefined ? level.keys.length : level.array.length;
    if (index >= size) {
      text += level.array === undefined ? '}' : ']';
      levels.pop();
      continue;
    }
    level.next += 1;
    if (index > 0) text += ',';
    let value: Json;
    if (level.object === undefined) {
      value = (level.array as readonly Json[])[index] as Json;
    } else {
      const key = level.keys[index] as string;
      text += `${printString(key)}:`;
      value = level.object[key] as Json;
    }
    if (depth + levels.length > maximumDepth) text += skipped;
    else if (typeof value !== 'object' || value === null) text += printScalar(value);
    else {
      text += Array.isArray(value) ? '[' : '{';
      levels.push(open(value));
    }
    if (text.length > chunkLength && enough === Infinity) {
      steps(text.length >> 3);
      build(text.length);
      chunks.push(flat(text));
      text = '';
    }
  }
  build(text.length);
  chunks.push(text);
  return chunks.length === 1 ? text : chunks.join('');
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
