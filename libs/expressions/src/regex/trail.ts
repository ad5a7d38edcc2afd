import { build } from '../run/meter';
import type { Instruction, Program } from './program';
import { refusePattern } from './syntax';
import { TextView } from './text-view';

/**
 * A match is given up after so many times of trying something else. Oniguruma's own limit is
 * ten times that; this one is reached within the time that an evaluation has.
 */
const retryLimit = 1_000_000;
/** Entries of the stack of things to try; 24 bytes each. */
const stackLimit = 4_000_000;
/** Kinds of entries of the stack. */
export const choice = 0; // try `a` at position `b`
const capture = 1; // set slot `a` back to `b`
const register = 2; // set counter `a` back to `b`
export const giveBack = 3; // go on at `a`; give back one character down to `b`
export const takeMore = 4; // the lazy instruction `a` may take more at `b`
const frameBack = 5; // go back to the call frame at index `a`

/** A subroutine call under way. */
export interface CallFrame {
  readonly back: number;
  readonly registers: readonly number[];
  readonly outside: CallFrame | undefined;
  readonly depth: number;
}

/** What a match has done so far, and what it may still try: the state that is taken back. */
export class Trail extends TextView {
  /** Starts and ends of the match and of its groups; -1 is none. */
  protected slots: number[];
  protected readonly registers: number[];
  protected readonly stack: number[] = [];
  protected frame: CallFrame | undefined;
  private readonly frames: (CallFrame | undefined)[] = [];
  protected retries = 0;

  constructor(
    protected readonly program: Program,
    text: string,
  ) {
    super(text);
    this.slots = new Array<number>(2 * (program.groups + 1)).fill(-1);
    this.registers = new Array<number>(program.registers).fill(0);
  }

  protected push(kind: number, a: number, b: number): void {
    this.stack.push(kind, a, b);
    if (this.stack.length > 3 * stackLimit) refusePattern('match-stack limit over');
    if (this.stack.length % 3072 === 0) build(3072 * 8);
  }

  protected setSlot(slot: number, value: number): void {
    this.push(capture, slot, this.slots[slot] as number);
    this.slots[slot] = value;
  }

  protected setRegister(index: number, value: number): void {
    this.push(register, index, this.registers[index] as number);
    this.registers[index] = value;
  }

  protected setFrame(frame: CallFrame | undefined): void {
    this.frames.push(this.frame);
    this.push(frameBack, this.frames.length - 1, 0);
    this.frame = frame;
  }

  /** Where to go on after a failure; set by `backtrack`. */
  protected resumeAt = 0;

  /** Undoes to the last choice above `base`; answers its instruction, or -1. */
  protected backtrack(base: number): number {
    const { stack } = this;
    this.retries += 1;
    if (this.retries > retryLimit) refusePattern('retry-limit-in-match over');
    while (stack.length > base) {
      const b = stack.pop() as number;
      const a = stack.pop() as number;
      const kind = stack.pop() as number;
      switch (kind) {
        case capture:
          this.slots[a] = b;
          break;
        case register:
          this.registers[a] = b;
          break;
        case frameBack:
          this.frame = this.frames[a];
          this.frames.length = a;
          break;
        case giveBack: {
          const least = stack.pop() as number;
          const at = this.before(b);
          if (at > least) stack.push(least, giveBack, a, at);
          this.resumeAt = at;
          return a;
        }
        case takeMore: {
          const left = stack.pop() as number;
          const resumed = this.takeOne(a, b, left);
          if (resumed >= 0) return resumed;
          break;
        }
        default:
          this.resumeAt = b;
          return a;
      }
    }
    return -1;
  }

  /** A lazy repetition takes one more character. */
  protected takeOne(pc: number, at: number, left: number): number {
    const { set } = this.program.code[pc] as Instruction;
    if (at >= this.text.length || set?.has(this.codePoint(at)) !== true) return -1;
    const next = this.after(at);
    if (left > 1) this.stack.push(left - 1, takeMore, pc, next);
    this.resumeAt = next;
    return pc + 1;
  }

  /** What is inside an atomic group or a lookaround is not tried again. */
  protected dropChoices(base: number): void {
    const { stack } = this;
    const kept: number[] = [];
    let i = stack.length;
    while (i > base) {
      const kind = stack[i - 3] as number;
      if (kind === giveBack || kind === takeMore) i -= 4;
      else {
        if (kind !== choice) kept.push(stack[i - 1] as number, stack[i - 2] as number, kind);
        i -= 3;
      }
    }
    stack.length = base;
    for (let j = kept.length - 1; j >= 0; j -= 1) stack.push(kept[j] as number);
  }
}
