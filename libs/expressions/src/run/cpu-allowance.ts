import { ExpressionInterrupted } from '../errors';
import { monotonic, threadCpu } from './clock';

/**
 * The longest piece of work that is asked for in advance, in milliseconds: whoever gives an allowance of more may be
 * sure that all work begins.
 */
const LONGEST_DEMAND = 1_000;

/**
 * CPU of this thread that some evaluations may use together, from its making on. They never fail by it: when it is used
 * up they are interrupted, and may be run again from the start, with more of it.
 */
export class CpuAllowance {
  /** CPU and time when it was made. */
  private readonly began: readonly [cpu: number, time: number];
  /** A thread uses no more CPU than time passes: before this moment of the cheaper clock nothing can be used up. */
  private soonest: number;

  /** `milliseconds` may be Infinity. One that begins with another reads no clock. */
  constructor(
    readonly milliseconds: number,
    other?: CpuAllowance,
  ) {
    this.began = other?.began ?? [threadCpu(), monotonic()];
    this.soonest = this.began[1] + milliseconds;
  }

  isUsedUp(): boolean {
    const now = monotonic();
    return now >= this.soonest && this.measure(now) <= 0;
  }

  /** @throws ExpressionInterrupted when it is used up */
  look(): void {
    if (this.isUsedUp()) throw new ExpressionInterrupted(this.milliseconds);
  }

  /**
   * For work that nothing can interrupt: it is not begun where less is left than it may take.
   * @throws ExpressionInterrupted
   */
  demand(milliseconds: number): void {
    const needed = Math.min(milliseconds, LONGEST_DEMAND);
    const now = monotonic();
    if (now + needed < this.soonest) return;
    if (this.measure(now) < needed) throw new ExpressionInterrupted(this.milliseconds);
  }

  private measure(now: number): number {
    const left = this.began[0] + this.milliseconds - threadCpu();
    this.soonest = now + left;
    return left;
  }
}
