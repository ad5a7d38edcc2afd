import { caseForms, classSet, propertySet, type CharSet } from './char-set';

const word = classSet('word') as CharSet;
const marks = propertySet('M') as CharSet;

/** A text as a sequence of code points, and what can be seen at a position of it. */
export class TextView {
  constructor(protected text: string) {}

  protected codePoint(at: number): number {
    const unit = this.text.charCodeAt(at);
    return (unit & 0xfc00) === 0xd800 ? (this.text.codePointAt(at) as number) : unit;
  }

  /** The position after the character at `at`. */
  after(at: number): number {
    return at + (this.codePoint(at) > 0xffff ? 2 : 1);
  }

  protected before(at: number): number {
    const { text } = this;
    const isPair =
      at > 1 &&
      (text.charCodeAt(at - 1) & 0xfc00) === 0xdc00 &&
      (text.charCodeAt(at - 2) & 0xfc00) === 0xd800;
    return at - (isPair ? 2 : 1);
  }

  protected sameIgnoringCase(a: number, b: number, length: number): boolean {
    if (b + length > this.text.length) return false;
    for (let i = 0; i < length; i += 1) {
      const form = this.text.charCodeAt(b + i);
      if (!caseForms(this.text.charCodeAt(a + i)).includes(form)) return false;
    }
    return true;
  }

  protected isWord(at: number): boolean {
    return at >= 0 && at < this.text.length && word.has(this.codePoint(at));
  }

  protected isSegmentBoundary(at: number): boolean {
    if (at === 0 || at === this.text.length) return true;
    const next = this.codePoint(at);
    const previous = this.codePoint(this.before(at));
    if (previous === 0x0d && next === 0x0a) return false;
    return !(marks.has(next) || next === 0x200d || previous === 0x200d);
  }
}
