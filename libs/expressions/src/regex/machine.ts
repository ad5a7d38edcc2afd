import { meter, refill } from '../run/meter';
import { utf8Length } from '../values/print';
import type { CharSet } from './char-set';
import { choice, giveBack, takeMore, Trail } from './trail';
import { assertion, op, type Instruction, type LoopPlan, type Program } from './program';
import { refusePattern } from './syntax';

/** Calls of subroutines within each other. */
const callLimit = 20_000;

/** How a search is to be made. */
export interface SearchOptions {
  /** Of all matches, the longest. */
  readonly longest: boolean;
  /** Empty matches do not count. */
  readonly notEmpty: boolean;
}

/** A backtracking matcher with a budget, over one text. */
export class Machine extends Trail {
  private searchStart = 0;
  private matchStart = 0;
  private best: number[] | undefined;
  private bestBytes = 0;
  /** Whether the text may have characters of more than one byte; only known where it matters. */
  private isWide = false;
  /** Where the lookbehind under way must end. */
  private target = 0;

  constructor(
    program: Program,
    text: string,
    private readonly options: SearchOptions,
  ) {
    super(program, text);
  }

  /** Makes a machine that is not at work ready for another text. */
  restart(text: string): void {
    this.text = text;
    this.stack.length = 0;
    this.best = undefined;
  }

  /**
   * The first match at or after a position: starts and ends of the match and its groups.
   * Raises "retry-limit-in-match over" when the budget of one match is used up.
   */
  search(from: number): readonly number[] | undefined {
    this.searchStart = from;
    this.best = undefined;
    if (this.options.longest) this.isWide = utf8Length(this.text) > this.text.length;
    for (let at = this.candidate(from); at >= 0; at = this.candidate(this.after(at))) {
      if ((meter.left -= 1) < 0) refill();
      if (this.matchAt(at) && !this.options.longest) return this.slots;
      if (at >= this.text.length) break;
    }
    return this.best;
  }

  /** The next position at or after `at` where a match can begin; -1: none. */
  private candidate(at: number): number {
    const { first } = this.program;
    const { text } = this;
    if (first === undefined) return at <= text.length ? at : -1;
    if (typeof first === 'number') {
      const found = text.indexOf(String.fromCodePoint(first), at);
      if ((meter.left -= ((found < 0 ? text.length : found) - at) >> 8) < 0) refill();
      return found;
    }
    for (let i = at; i < text.length; i = this.after(i)) {
      if ((meter.left -= 1) < 0) refill();
      if (first.has(this.codePoint(i))) return i;
    }
    return -1;
  }

  private matchAt(at: number): boolean {
    this.slots.fill(-1);
    this.slots[0] = at;
    this.stack.length = 0;
    this.frame = undefined;
    this.retries = 0;
    this.matchStart = at;
    const end = this.run(0, at);
    if (end < 0) return false;
    this.slots[1] = end;
    return true;
  }

  /** Where the least that the last repetition had to take ends. */
  private least = 0;

  /** Takes as many as possible; answers the position, or -1 when there are too few. */
  private takeAll(instruction: Instruction, at: number, most: number): number {
    const { text } = this;
    const set = instruction.set as CharSet;
    let position = at;
    let least = at;
    let count = 0;
    while (count < most && position < text.length && set.has(this.codePoint(position))) {
      position = this.after(position);
      count += 1;
      if (count === instruction.a) least = position;
    }
    if ((meter.left -= 1 + (count >> 3)) < 0) refill();
    this.least = least;
    return count < instruction.a ? -1 : position;
  }

  /** Runs code from an instruction; answers where its match ends, or -1. */
  private run(start: number, from: number): number {
    const { code } = this.program;
    const { text } = this;
    const base = this.stack.length;
    let pc = start;
    let at = from;
    for (;;) {
      if ((meter.left -= 1) < 0) refill();
      const instruction = code[pc] as Instruction;
      let ok = true;
      switch (instruction.op) {
        case op.char:
          if (at < text.length && this.codePoint(at) === instruction.a) {
            at += instruction.a > 0xffff ? 2 : 1;
            pc += 1;
          } else ok = false;
          break;
        case op.set:
          if (at < text.length && (instruction.set as CharSet).has(this.codePoint(at))) {
            at = this.after(at);
            pc += 1;
          } else ok = false;
          break;
        case op.jump:
          pc = instruction.a;
          break;
        case op.split:
          this.push(choice, instruction.b, at);
          pc = instruction.a;
          break;
        case op.save:
          this.setSlot(instruction.a, at);
          pc += 1;
          break;
        case op.greedy: {
          const end = this.takeAll(instruction, at, instruction.b);
          if (end < 0) {
            ok = false;
            break;
          }
          at = end;
          pc += 1;
          if (end > this.least) this.stack.push(this.least, giveBack, pc, end);
          break;
        }
        case op.possessive: {
          const end = this.takeAll(instruction, at, instruction.b);
          ok = end >= 0;
          at = end;
          pc += 1;
          break;
        }
        case op.lazy: {
          const end = this.takeAll(instruction, at, instruction.a);
          if (end < 0) {
            ok = false;
            break;
          }
          at = end;
          if (instruction.b > instruction.a) {
            this.stack.push(instruction.b - instruction.a, takeMore, pc, at);
          }
          pc += 1;
          break;
        }
        case op.end:
          this.dropChoices(base);
          return at;
        case op.endHere:
          if (at === this.target) {
            this.dropChoices(base);
            return at;
          }
          ok = false;
          break;
        case op.match:
          if (this.accepts(at)) return at;
          ok = false;
          break;
        case op.reset:
          this.setRegister(instruction.a, 0);
          this.setRegister(instruction.a + 1, -1);
          pc += 1;
          break;
        case op.loop:
          pc = this.enterLoop(pc, instruction.plan as LoopPlan, at);
          break;
        case op.next: {
          const plan = instruction.plan as LoopPlan;
          pc = this.registers[plan.start] === at ? plan.exit : instruction.a;
          break;
        }
        default: {
          const next = this.special(pc, instruction, at);
          if (next < 0) ok = false;
          else {
            pc = next;
            at = this.resumeAt;
          }
        }
      }
      if (!ok) {
        pc = this.backtrack(base);
        if (pc < 0) return -1;
        at = this.resumeAt;
      }
    }
  }

  /** Whether a whole match counts; of `longest`, the best of all places is kept. */
  private accepts(at: number): boolean {
    if (this.options.notEmpty && at === this.matchStart) return false;
    if (!this.options.longest) return true;
    const start = this.slots[0] as number;
    // Oniguruma counts bytes, of which a unit of UTF-16 has three at most.
    const units = at - start;
    if (this.best !== undefined && 3 * units <= this.bestBytes) return false;
    const bytes = this.isWide ? utf8Length(this.text.slice(start, at)) : units;
    if (this.best === undefined || bytes > this.bestBytes) {
      this.best = this.slots.slice();
      this.best[1] = at;
      this.bestBytes = bytes;
    }
    return false;
  }

  private enterLoop(pc: number, plan: LoopPlan, at: number): number {
    const count = this.registers[plan.counter] as number;
    if (count >= plan.min) {
      if (count >= plan.max) return plan.exit;
      if (plan.lazy) {
        // One more iteration is tried only when what follows fails.
        if (this.registers[plan.start] !== -2 - at) {
          this.setRegister(plan.start, -2 - at);
          this.push(choice, pc, at);
          return plan.exit;
        }
      } else this.push(choice, plan.exit, at);
    }
    this.setRegister(plan.counter, count + 1);
    this.setRegister(plan.start, at);
    return pc + 1;
  }

  /** The rarer instructions; sets `resumeAt`; answers the next instruction, or -1. */
  private special(pc: number, instruction: Instruction, at: number): number {
    this.resumeAt = at;
    switch (instruction.op) {
      case op.assert:
        return this.holds(instruction.a, at) ? pc + 1 : -1;
      case op.backreference: {
        const end = this.repeated(instruction, at);
        this.resumeAt = end;
        return end < 0 ? -1 : pc + 1;
      }
      case op.atomic: {
        const end = this.run(pc + 1, at);
        this.resumeAt = end;
        return end < 0 ? -1 : instruction.a;
      }
      case op.lookahead:
        return this.look(instruction, () => this.run(pc + 1, at) >= 0, at);
      case op.lookbehind:
        return this.look(instruction, () => this.endsHere(pc + 1, at), at);
      case op.absence:
        return this.absence(pc, instruction, at);
      case op.call:
        this.callRoutine(pc + 1);
        return instruction.a;
      default:
        return this.returnFromCall();
    }
  }

  private look(instruction: Instruction, check: () => boolean, at: number): number {
    const base = this.stack.length;
    const found = check();
    const wanted = instruction.b === 0;
    if (found && !wanted) {
      // What the code set is set back: as if everything in it had failed.
      this.dropChoices(base);
      this.backtrack(base);
    }
    this.resumeAt = at;
    return found === wanted ? instruction.a : -1;
  }

  /** Whether code that starts somewhere before ends exactly here. */
  private endsHere(pc: number, at: number): boolean {
    const outside = this.target;
    this.target = at;
    let found = false;
    for (let from = at; from >= 0 && !found; from = this.before(from)) {
      if ((meter.left -= 1) < 0) refill();
      found = this.run(pc, from) >= 0;
    }
    this.target = outside;
    return found;
  }

  /** Any text, as long as possible, in which the code does not match. */
  private absence(pc: number, instruction: Instruction, at: number): number {
    let limit = this.text.length;
    for (let from = at; from <= limit; from = this.after(from)) {
      if ((meter.left -= 1) < 0) refill();
      const base = this.stack.length;
      const end = this.run(pc + 1, from);
      if (end >= 0) {
        this.dropChoices(base);
        if (this.stack.length > base) this.backtrack(base);
        limit = Math.min(limit, Math.max(at, this.before(end)));
      }
      if (from >= this.text.length) break;
    }
    if (limit > at) this.stack.push(at, giveBack, instruction.a, limit);
    this.resumeAt = limit;
    return instruction.a;
  }

  private callRoutine(back: number): void {
    const depth = (this.frame?.depth ?? 0) + 1;
    if (depth > callLimit) refusePattern('subexp-call-limit-in-search over');
    const registers = this.registers.slice();
    this.setFrame({ back, registers, outside: this.frame, depth });
  }

  private returnFromCall(): number {
    const { frame } = this;
    if (frame === undefined) return -1;
    frame.registers.forEach((value, i) => {
      if (value !== this.registers[i]) this.setRegister(i, value);
    });
    this.setFrame(frame.outside);
    return frame.back;
  }

  /** Where the text that a group matched ends when repeated here; -1: it is not repeated. */
  private repeated(instruction: Instruction, at: number): number {
    for (const group of instruction.groups) {
      const start = this.slots[2 * group] as number;
      const end = this.slots[2 * group + 1] as number;
      if (start < 0 || end < 0) continue;
      const length = end - start;
      if ((meter.left -= length >> 3) < 0) refill();
      const same = this.text.startsWith(this.text.slice(start, end), at);
      if (same) return at + length;
      if (instruction.ignoreCase && this.sameIgnoringCase(start, at, length)) return at + length;
      return -1;
    }
    return -1;
  }

  private holds(kind: number, at: number): boolean {
    const { text } = this;
    switch (kind) {
      case assertion.stringStart:
        return at === 0;
      case assertion.stringEnd:
        return at === text.length;
      case assertion.stringEndNewline:
        return at === text.length || (at === text.length - 1 && text[at] === '\n');
      case assertion.lineStart:
        return at === 0 || (text[at - 1] === '\n' && at < text.length);
      case assertion.lineEnd:
        return at === text.length || text[at] === '\n';
      case assertion.searchStart:
        return at === this.searchStart;
      case assertion.wordBoundary:
      case assertion.notWordBoundary: {
        const isBoundary = this.isWord(this.before(at)) !== this.isWord(at);
        return isBoundary === (kind === assertion.wordBoundary);
      }
      default:
        return this.isSegmentBoundary(at) === (kind === assertion.segmentBoundary);
    }
  }
}
