import { steps } from '../run/meter';

/**
 * Long texts are worked on in pieces of so many UTF-16 units, with a look at the clock at each:
 * the slowest native operation here takes 0.3 µs a unit, so below 10 ms a piece.
 */
export const pieceLength = 32_768;

/** Where the piece that starts at `start` ends; never within a surrogate pair. */
function pieceEnd(text: string, start: number): number {
  const end = start + pieceLength;
  if (end >= text.length) return text.length;
  return (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? end + 1 : end;
}

/** Hands on the pieces of a text, counted. */
export function eachPiece(text: string, out: (piece: string) => void): void {
  if (text.length <= pieceLength) {
    steps(text.length >> 6);
    out(text);
    return;
  }
  for (let start = 0; start < text.length;) {
    steps(pieceLength >> 3);
    const end = pieceEnd(text, start);
    out(text.slice(start, end));
    start = end;
  }
}

/** Changes a text piece by piece; the change must not look further than one code point. */
export function inPieces(text: string, change: (piece: string) => string): string {
  if (text.length <= pieceLength) {
    steps(text.length >> 6);
    return change(text);
  }
  const parts: string[] = [];
  eachPiece(text, (piece) => {
    parts.push(change(piece));
  });
  return parts.join('');
}

/** Long texts are put together in chunks of so many characters. */
const chunkLength = 4096;

const start = /^/;

/**
 * The same text, in one piece: engines keep what is put together as a tree of its parts, which
 * takes some thirty bytes for each, until it is searched. (A character that is read and decides
 * nothing is optimized away, and the tree stays: 256 MB of text took 8 GB.)
 */
export function flat(text: string): string {
  return start.test(text) ? text : '';
}

/** A text that grows at its end, without a tree of its parts. What is built is not counted. */
export class TextBuilder {
  private text = '';
  private chunks: string[] | undefined;

  append(text: string): void {
    this.text += text;
    if (this.text.length > chunkLength) {
      (this.chunks ??= []).push(flat(this.text));
      this.text = '';
    }
  }

  /** Appends many characters, each by its code points. */
  appendPoints(points: readonly number[]): void {
    this.append(String.fromCodePoint(...points));
  }

  end(): string {
    return this.chunks === undefined ? this.text : this.chunks.join('') + this.text;
  }
}
