import type { PatternProgram, PatternStep } from './pattern-program';

/** What may be spent; `spend` throws when it is used up. */
export interface PatternMeter {
  spend(steps: number): void;
}

/** Whether the pattern matches somewhere in the text, in time that grows with steps times length. */
export function searchPattern(program: PatternProgram, text: string, meter: PatternMeter): boolean {
  return new PatternSearch(program, text, meter).search();
}

/** Looks at a meter only so often: a call a step would cost more than the step. */
const CHUNK = 1_024;

/**
 * A depth-first search through (step, position). Nothing depends on how a place was reached, as there are no
 * captures, so a place that led nowhere once is never looked at again: that makes the search linear.
 */
class PatternSearch {
  /** Of each split, the positions from which it was tried: a bit each. */
  private readonly tried: (Uint32Array | undefined)[];
  private readonly looks = new Map<number, boolean>();
  private unspent = CHUNK;

  constructor(
    private readonly program: PatternProgram,
    private readonly text: string,
    private readonly meter: PatternMeter,
  ) {
    this.tried = new Array<Uint32Array | undefined>(program.slots).fill(undefined);
  }

  search(): boolean {
    const { text } = this;
    for (let at = 0; at <= text.length; at += widthAt(text, at)) {
      if (this.reaches(this.program.start, at, undefined)) return true;
    }
    return false;
  }

  /** Whether a way leads from the place to the end of the pattern; `marked` collects the splits that were tried. */
  private reaches(start: number, from: number, marked: [number, number][] | undefined): boolean {
    const pending: number[] = [];
    let at = from;
    let index = start;
    for (;;) {
      this.count(1);
      const step = this.program.steps[index] as PatternStep;
      if (step.kind === 'match') return true;
      if (step.kind === 'split') {
        if (this.mark(step.slot, at)) {
          marked?.push([step.slot, at]);
          pending.push(step.other, at);
          index = step.next;
          continue;
        }
      } else {
        const after = this.advance(step, index, at);
        if (after >= 0) {
          at = after;
          index = step.next;
          continue;
        }
      }
      at = pending.pop() ?? -1;
      index = pending.pop() ?? -1;
      if (at < 0) return false;
    }
  }

  /** The position after a step that can only hold or not; -1: it does not. */
  private advance(
    step: Exclude<PatternStep, { kind: 'match' | 'split' }>,
    index: number,
    at: number,
  ): number {
    const { text } = this;
    if (step.kind === 'assertion') return this.asserts(step.which, at) ? at : -1;
    if (step.kind === 'look') return this.look(step.body, index, at) === step.negated ? -1 : at;
    if (step.back) {
      const width = widthBefore(text, at);
      return width > 0 && step.holds(text.codePointAt(at - width) ?? 0) ? at - width : -1;
    }
    const codePoint = text.codePointAt(at);
    if (codePoint === undefined || !step.holds(codePoint)) return -1;
    return at + (codePoint > 0xffff ? 2 : 1);
  }

  private look(body: number, index: number, at: number): boolean {
    const key = index * (this.text.length + 1) + at;
    const known = this.looks.get(key);
    if (known !== undefined) return known;
    const marked: [number, number][] = [];
    const found = this.reaches(body, at, marked);
    // Some of these places led to the end: they say nothing about another beginning.
    if (found) for (const [slot, position] of marked) this.unmark(slot, position);
    this.looks.set(key, found);
    return found;
  }

  private asserts(which: '^' | '$' | 'b' | 'B', at: number): boolean {
    if (which === '^') return at === 0;
    if (which === '$') return at === this.text.length;
    const isBoundary = isWord(this.text.charCodeAt(at - 1)) !== isWord(this.text.charCodeAt(at));
    return isBoundary === (which === 'b');
  }

  /** False when the split was tried from here before. */
  private mark(slot: number, at: number): boolean {
    let bits = this.tried[slot];
    if (!bits) {
      const words = (this.text.length >> 5) + 1;
      this.count(words >> 2);
      bits = new Uint32Array(words);
      this.tried[slot] = bits;
    }
    const word = bits[at >> 5] ?? 0;
    const bit = 1 << (at & 31);
    if ((word & bit) !== 0) return false;
    bits[at >> 5] = word | bit;
    return true;
  }

  private unmark(slot: number, at: number): void {
    const bits = this.tried[slot];
    if (bits) bits[at >> 5] = (bits[at >> 5] ?? 0) & ~(1 << (at & 31));
  }

  private count(steps: number): void {
    this.unspent -= steps;
    if (this.unspent >= 0) return;
    this.meter.spend(CHUNK - this.unspent);
    this.unspent = CHUNK;
  }
}

function widthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

function widthBefore(text: string, at: number): number {
  if (at <= 0) return 0;
  return at > 1 && widthAt(text, at - 2) === 2 ? 2 : 1;
}

function isWord(unit: number): boolean {
  return (
    (unit >= 48 && unit <= 57) ||
    (unit >= 65 && unit <= 90) ||
    unit === 95 ||
    (unit >= 97 && unit <= 122)
  );
}
