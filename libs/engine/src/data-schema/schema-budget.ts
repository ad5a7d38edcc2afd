import type { CpuAllowance } from '@easyflow/expressions';

/**
 * Steps one check may take, some 10 ns each: an author's schema may branch so that a small input keeps a validator
 * busy for years (references that fan out), and input and schema come from outside.
 */
const STEPS = 10_000_000;

/** Steps for telling every problem of a value that is known to be invalid; the first is told in any case. */
export const STEPS_FOR_DETAILS = 100_000;

/** Between two looks at the clock: some 40 µs. */
const STEPS_BETWEEN_LOOKS = 4_096;

/** What a step takes at most, in milliseconds, where many are counted before they are taken. */
const LONGEST_STEP = 5e-5;

/** Thrown out of a validator that has used up its steps. */
export class SchemaBudgetSpent extends Error {
  constructor() {
    super('The schema takes too many steps to check');
    this.name = 'SchemaBudgetSpent';
  }
}

/**
 * The steps of the check under way: they decide what it gives, time only interrupts it. There is one, as a check is
 * synchronous and never calls out.
 */
export const schemaBudget = {
  /** Steps until the next look. */
  left: 0,
  after: 0,
  cpu: undefined as CpuAllowance | undefined,

  /** @throws ExpressionInterrupted */
  begin(cpu: CpuAllowance | undefined, steps = STEPS): void {
    cpu?.look();
    this.cpu = cpu;
    this.after = steps;
    this.left = 0;
    this.takeChunk();
  },

  /** @throws SchemaBudgetSpent, ExpressionInterrupted */
  spend(steps: number): void {
    if ((this.left -= steps) >= 0) return;
    const ahead = -this.left;
    this.after -= ahead;
    this.left = 0;
    if (this.after < 0) throw new SchemaBudgetSpent();
    this.cpu?.look();
    if (ahead > STEPS_BETWEEN_LOOKS) this.cpu?.demand(ahead * LONGEST_STEP);
    this.takeChunk();
  },

  takeChunk(): void {
    this.left = Math.min(STEPS_BETWEEN_LOOKS, this.after);
    this.after -= this.left;
  },
};
