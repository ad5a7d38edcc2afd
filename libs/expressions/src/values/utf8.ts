import { step } from '../run/meter';
import { TextBuilder } from './pieces';

/** The UTF-8 bytes of a text. A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The length of a sequence by its first byte; 0: no sequence begins so. */
function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

const smallest = [0, 0, 0x80, 0x800, 0x10000];

/** The code point at a position, -1 where there is none, and how many bytes that takes. */
function decodeAt(bytes: readonly number[], at: number): readonly [number, number] {
  const first = bytes[at] as number;
  const length = sequenceLength(first);
  if (length === 0) return [-1, 1];
  if (length === 1) return [first, 1];
  // What is cut off at the end is one bad character, whatever it holds.
  if (at + length > bytes.length) return [-1, bytes.length - at];
  let point = first & (0xff >> (length + 1));
  for (let i = 1; i < length; i += 1) {
    const byte = bytes[at + i] as number;
    if ((byte & 0xc0) !== 0x80) return [-1, i];
    point = (point << 6) | (byte & 0x3f);
  }
  const isSurrogate = point >= 0xd800 && point <= 0xdfff;
  const valid = point >= (smallest[length] as number) && point <= 0x10ffff && !isSurrogate;
  return [valid ? point : -1, length];
}

/** The text of UTF-8 bytes; each thing that is none becomes U+FFFD, as jq splits them. */
export function decodeUtf8(bytes: readonly number[]): string {
  const text = new TextBuilder();
  for (let at = 0; at < bytes.length;) {
    step();
    const [point, length] = decodeAt(bytes, at);
    text.append(String.fromCodePoint(point < 0 ? 0xfffd : point));
    at += length;
  }
  return text.end();
}

/** The text of UTF-8 bytes, or undefined where they are none. */
export function decodeStrictly(bytes: readonly number[]): string | undefined {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const [point, length] = decodeAt(bytes, at);
    if (point < 0) return undefined;
    text += String.fromCodePoint(point);
    at += length;
  }
  return text;
}
