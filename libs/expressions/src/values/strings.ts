import { build, step, steps } from '../run/meter';
import { raise } from '../run/raise';
import { eachPiece, pieceLength } from './pieces';
import { TextSearch } from './search';

// jq's strings are sequences of code points. JavaScript's are UTF-16: positions are converted
// only where a string has surrogates.
const surrogates = /[\ud800-\udfff]/;
const stretch = 524_288;

/** Whether positions in code points and in UTF-16 units differ. */
export function hasSurrogates(text: string): boolean {
  if (text.length <= pieceLength) return surrogates.test(text);
  // Native and fast: larger stretches than elsewhere will do.
  for (let start = 0; start < text.length; start += stretch) {
    steps(stretch >> 7);
    if (surrogates.test(text.slice(start, start + stretch))) return true;
  }
  return false;
}

/** The length in code points. */
export function codePointLength(text: string): number {
  if (!hasSurrogates(text)) return text.length;
  let length = 0;
  for (let i = 0; i < text.length; i += 1) {
    if ((length & 15) === 0) step();
    length += 1;
    if (isPairAt(text, i)) i += 1;
  }
  return length;
}

function isPairAt(text: string, index: number): boolean {
  return (
    (text.charCodeAt(index) & 0xfc00) === 0xd800 &&
    index + 1 < text.length &&
    (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00
  );
}

/** The UTF-16 index of a code point index (clamped to the end). */
export function unitIndex(text: string, codePoints: number): number {
  let index = 0;
  for (let n = 0; n < codePoints && index < text.length; n += 1) {
    if ((n & 15) === 0) step();
    index += isPairAt(text, index) ? 2 : 1;
  }
  return index;
}

/** A slice by code points. */
export function sliceCodePoints(text: string, start: number, end: number): string {
  build(2 * (end - start));
  if (!hasSurrogates(text)) return text.slice(start, end);
  const from = unitIndex(text, start);
  return text.slice(from, from + unitIndex(text.slice(from), end - start));
}

/** The positions (code points) of a substring; overlapping ones count. */
export function positions(text: string, part: string): number[] {
  const found: number[] = [];
  if (part === '') return found;
  const search = new TextSearch(text, part);
  const plain = !hasSurrogates(text);
  let seen = 0;
  let codePoints = 0;
  for (let at = search.next(0); at >= 0; at = search.next(at + 1)) {
    if (plain) found.push(at);
    else {
      for (; seen < at; seen += 1) {
        if ((seen & 15) === 0) step();
        codePoints += 1;
        if (isPairAt(text, seen)) seen += 1;
      }
      found.push(codePoints);
    }
    build(8);
    steps(1);
  }
  return found;
}

/** jq's `split/1`. */
export function splitString(text: string, separator: string): string[] {
  if (text === '') return [];
  build(text.length);
  if (text.length <= 4096) {
    const parts = separator === '' ? Array.from(text) : text.split(separator);
    steps(parts.length);
    build(24 * parts.length);
    return parts;
  }
  return separator === '' ? charactersOf(text) : splitLong(text, separator);
}

function charactersOf(text: string): string[] {
  const characters: string[] = [];
  for (const character of text) {
    step();
    build(24);
    characters.push(character);
  }
  return characters;
}

function splitLong(text: string, separator: string): string[] {
  const search = new TextSearch(text, separator);
  const parts: string[] = [];
  let start = 0;
  for (let at = search.next(0); at >= 0; at = search.next(start)) {
    step();
    build(24);
    parts.push(text.slice(start, at));
    start = at + separator.length;
  }
  parts.push(text.slice(start));
  return parts;
}

/** The longest string jq builds by `*`, in bytes. */
const longestRepeat = 2 ** 31 - 1 - 8;

/** jq's string `*` number: null for negative and NaN, else rounded down. */
export function repeatString(text: string, times: number): string | null {
  if (!(times >= 0)) return null;
  const count = Math.min(Math.trunc(times), 2 ** 31 - 1);
  if (text.length * count >= longestRepeat) raise('Repeat string result too long');
  build(text.length * count);
  return text.repeat(count);
}

/** The code points. */
export function explode(text: string): number[] {
  build(16 * text.length);
  const points: number[] = [];
  eachPiece(text, (piece) => {
    for (const character of piece) points.push(character.codePointAt(0) as number);
  });
  return points;
}

/** Whether a UTF-16 unit is white space, as Unicode has it. */
function isSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
  return whitespace.test(String.fromCharCode(unit));
}

const whitespace = /\p{White_Space}/u;

/** Without the white space (as Unicode has it) at the start. */
export function trimStart(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text.charCodeAt(start))) {
    if ((start & 15) === 0) step();
    start += 1;
  }
  return text.slice(start);
}

/** Without the white space (as Unicode has it) at the end. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) {
    if ((end & 15) === 0) step();
    end -= 1;
  }
  return text.slice(0, end);
}
