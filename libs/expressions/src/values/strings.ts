import { build, steps } from '../run/meter';
import { raise } from '../run/raise';

// jq's strings are sequences of code points. JavaScript's are UTF-16: positions are converted
// only where a string has surrogates.
const surrogates = /[\ud800-\udfff]/;

/** Whether positions in code points and in UTF-16 units differ. */
export function hasSurrogates(text: string): boolean {
  return surrogates.test(text);
}

/** The length in code points. */
export function codePointLength(text: string): number {
  if (!hasSurrogates(text)) return text.length;
  let length = 0;
  for (let i = 0; i < text.length; i += 1) {
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
  steps(text.length >> 4);
  const plain = !hasSurrogates(text);
  let seen = 0;
  let codePoints = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
    if (plain) found.push(at);
    else {
      for (; seen < at; seen += 1) {
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
  steps(text.length >> 4);
  if (text === '') return [];
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  steps(parts.length);
  build(text.length + 24 * parts.length);
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
  steps(text.length);
  build(16 * text.length);
  const points: number[] = [];
  for (const character of text) points.push(character.codePointAt(0) as number);
  return points;
}

const whitespace = /^[\p{White_Space}]+/u;

/** Without the white space (as Unicode has it) at the start. */
export function trimStart(text: string): string {
  return text.replace(whitespace, '');
}

/** Without the white space (as Unicode has it) at the end. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && whitespace.test(text[end - 1] as string)) end -= 1;
  return text.slice(0, end);
}
