import { build, step, steps } from '../run/meter';

/** Longer texts are searched in stretches of so many units. */
const stretch = 65_536;
/**
 * The longest part that is looked for natively. The engine's search takes up to the product of
 * both lengths; for longer parts Knuth, Morris and Pratt's takes their sum.
 */
const longestNative = 64;

/** For each length of a start of the part: of its own starts, the longest that ends it. */
function bordersOf(part: string): Int32Array {
  build(4 * part.length);
  const borders = new Int32Array(part.length + 1);
  borders[0] = -1;
  let border = -1;
  for (let i = 0; i < part.length; i += 1) {
    step();
    const unit = part.charCodeAt(i);
    while (border >= 0 && part.charCodeAt(border) !== unit) border = borders[border] as number;
    border += 1;
    borders[i + 1] = border;
  }
  return borders;
}

/** Texts so short are searched natively in any case. */
const smallText = 4096;

/** Looks for a part of a text; looks at the clock meanwhile. */
export class TextSearch {
  private borders: Int32Array | undefined;

  constructor(
    private readonly text: string,
    private readonly part: string,
  ) {}

  /** The first position at or after `from` where the part begins; -1: none. */
  next(from: number): number {
    const { text, part } = this;
    if (text.length - from < part.length) return -1;
    if (part.length > longestNative && text.length > smallText) {
      return this.nextByBorders(from);
    }
    if (text.length - from <= stretch) {
      const found = text.indexOf(part, from);
      steps(((found < 0 ? text.length : found) - from) >> 6);
      return found;
    }
    for (let start = from; start < text.length; start += stretch) {
      const found = text.slice(start, start + stretch + part.length - 1).indexOf(part);
      steps((found < 0 ? stretch : found) >> 6);
      if (found >= 0) return start + found;
    }
    return -1;
  }

  private nextByBorders(from: number): number {
    const { text, part } = this;
    const borders = (this.borders ??= bordersOf(part));
    let matched = 0;
    for (let i = from; i < text.length; i += 1) {
      if ((i & 7) === 0) step();
      const unit = text.charCodeAt(i);
      while (matched >= 0 && part.charCodeAt(matched) !== unit) {
        matched = borders[matched] as number;
      }
      matched += 1;
      if (matched === part.length) return i + 1 - matched;
    }
    return -1;
  }
}
