import { build, step, steps } from '../run/meter';
import { raise, raiseAbout } from '../run/raise';
import type { Json } from '../values/json';
import { ownEntry } from '../values/object';
import { eachPiece, inPieces, pieceLength, TextBuilder } from '../values/pieces';
import { printJson } from '../values/print';
import { decodeStrictly, decodeUtf8, encodeUtf8 } from '../values/utf8';

/** jq's `tostring`. */
export function toText(value: Json): string {
  return typeof value === 'string' ? value : printJson(value);
}

const csvCell = (text: string) => `"${inPieces(text, (piece) => piece.replaceAll('"', '""'))}"`;

const tsvEscapes: Readonly<Record<string, string>> = {
  '\t': '\\t',
  '\r': '\\r',
  '\n': '\\n',
  '\\': '\\\\',
};
const tsvCell = (text: string) =>
  inPieces(text, (piece) =>
    piece.replace(/[\t\r\n\\]/g, (character) => tsvEscapes[character] as string),
  );

function row(name: string, separator: string, cell: (text: string) => string) {
  return (value: Json): string => {
    if (!Array.isArray(value)) raiseAbout(value, `cannot be ${name}-formatted, only array`);
    return joined(value, separator, (element) => {
      if (element === null || element !== element) return '';
      if (typeof element === 'string') return cell(element);
      if (typeof element === 'object') return raiseAbout(element, 'is not valid in a csv row');
      return printJson(element);
    });
  };
}

/** The texts of the elements with a separator between them. */
function joined(array: readonly Json[], separator: string, show: (value: Json) => string): string {
  const text = new TextBuilder();
  array.forEach((element, i) => {
    step();
    if (i > 0) text.append(separator);
    const shown = show(element);
    build(separator.length + shown.length);
    text.append(shown);
  });
  return text.end();
}

const htmlEscapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
  '"': '&quot;',
};

function html(value: Json): string {
  const text = toText(value);
  build(text.length);
  return inPieces(text, (piece) =>
    piece.replace(/[&<>'"]/g, (character) => htmlEscapes[character] as string),
  );
}

function uri(value: Json): string {
  const text = toText(value);
  build(text.length);
  return inPieces(text, (piece) => piece.replace(/[^A-Za-z0-9\-._~]+/g, percentEncoded));
}

function percentEncoded(part: string): string {
  steps(2 * part.length);
  let escaped = '';
  for (const byte of encodeUtf8(part)) {
    escaped += `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
  }
  return escaped;
}

function uriDecode(value: Json): string {
  const text = toText(value);
  build(text.length);
  const decode = (part: string) => {
    const decoded = part === '%' ? undefined : decodeStrictly(hexBytes(part));
    return decoded ?? raiseAbout(text, 'is not a valid uri encoding');
  };
  const parts: string[] = [];
  for (let start = 0; start < text.length;) {
    const end = escapeEnd(text, start + pieceLength);
    steps((end - start) >> 3);
    parts.push(text.slice(start, end).replace(/(?:%[0-9a-fA-F]{2})+|%/g, decode));
    start = end;
  }
  return parts.join('');
}

/** The longest sequence of escapes that stands for one character. */
const longestEscape = 12;

/** A position, at or soon after the one given, where no escaped character is cut. */
function escapeEnd(text: string, from: number): number {
  let at = from;
  while (at < Math.min(text.length, from + longestEscape)) {
    const begins = text[at] === '%' && !/[89abAB]/.test(text[at + 1] ?? '');
    if (begins || !text.slice(at - 2, at + 1).includes('%')) return at;
    at += 1;
  }
  return Math.min(text.length, at);
}

function hexBytes(part: string): number[] {
  const bytes: number[] = [];
  for (let i = 1; i < part.length; i += 3) bytes.push(parseInt(part.slice(i, i + 2), 16));
  return bytes;
}

function shellWord(value: Json): string {
  if (typeof value === 'string')
    return `'${inPieces(value, (piece) => piece.replaceAll("'", "'\\''"))}'`;
  if (typeof value === 'object' && value !== null) {
    return raiseAbout(value, 'can not be escaped for shell');
  }
  return printJson(value);
}

function shell(value: Json): string {
  return Array.isArray(value) ? joined(value, ' ', shellWord) : shellWord(value);
}

/** Digits for a number of bits each. */
interface Digits {
  readonly alphabet: string;
  readonly bits: number;
  /** Encoded text comes in blocks of so many digits. */
  readonly block: number;
}

const base64: Digits = {
  alphabet: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  bits: 6,
  block: 4,
};
const base32: Digits = { alphabet: `${base64.alphabet.slice(0, 26)}234567`, bits: 5, block: 8 };

/** So many digits become a text at once. */
const pointsAtOnce = 1024;

function encode(value: Json, { alphabet, bits, block }: Digits): string {
  const source = toText(value);
  build(2 * source.length);
  const text = new TextBuilder();
  let held = 0;
  let heldBits = 0;
  let digits = 0;
  let points: number[] = [];
  const put = (digit: number) => {
    digits += 1;
    points.push(alphabet.charCodeAt(digit & ((1 << bits) - 1)));
  };
  eachPiece(source, (piece) => {
    for (const byte of encodeUtf8(piece)) {
      step();
      held = ((held & 0xff) << 8) | byte;
      heldBits += 8;
      while (heldBits >= bits) {
        heldBits -= bits;
        put(held >> heldBits);
      }
      if (points.length >= pointsAtOnce) {
        text.appendPoints(points);
        points = [];
      }
    }
  });
  if (heldBits > 0) put(held << (bits - heldBits));
  text.appendPoints(points);
  return text.end() + '='.repeat((block - (digits % block)) % block);
}

function decode(value: Json, { alphabet, bits }: Digits, name: string): string {
  const text = toText(value);
  build(9 * text.length);
  const bytes: number[] = [];
  let held = 0;
  let heldBits = 0;
  let digits = 0;
  for (const character of text) {
    step();
    if (character === '=') break;
    const digit = alphabet.indexOf(character);
    if (digit < 0) raiseAbout(text, `is not valid ${name} data`);
    held = ((held & 0xff) << bits) | digit;
    heldBits += bits;
    digits += 1;
    if (heldBits >= 8) {
      heldBits -= 8;
      bytes.push((held >> heldBits) & 0xff);
    }
  }
  if (bits === 6 && digits % 4 === 1) raiseAbout(text, 'trailing base64 byte found');
  return decodeUtf8(bytes);
}

const formats: Readonly<Record<string, (value: Json) => string>> = {
  text: toText,
  json: (value) => printJson(value),
  csv: row('csv', ',', csvCell),
  tsv: row('tsv', '\t', tsvCell),
  html,
  uri,
  urid: uriDecode,
  sh: shell,
  base64: (value) => encode(value, base64),
  base64d: (value) => decode(value, base64, 'base64'),
  base32: (value) => encode(value, base32),
  base32d: (value) => decode(value, base32, 'base32'),
};

/** The function of a format (`@name`); of an unknown one, a function that raises. */
export function formatter(name: string): (value: Json) => string {
  return ownEntry(formats, name) ?? (() => raise(`${name} is not a valid format`));
}
