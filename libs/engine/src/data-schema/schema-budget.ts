/**
 * Steps one check may take, some 10 ns each: an author's schema may branch so that a small input keeps a validator
 * busy for years (references that fan out), and input and schema come from outside.
 */
const STEPS = 10_000_000;

/** Steps for telling every problem of a value that is known to be invalid; the first is told in any case. */
export const STEPS_FOR_DETAILS = 100_000;

/** Thrown out of a validator that has used up its steps. */
export class SchemaBudgetSpent extends Error {
  constructor() {
    super('The schema takes too many steps to check');
    this.name = 'SchemaBudgetSpent';
  }
}

/** The steps of the check under way. There is one: a check is synchronous and never calls out. */
export const schemaBudget = {
  left: 0,

  begin(steps = STEPS): void {
    this.left = steps;
  },

  /** @throws SchemaBudgetSpent */
  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) throw new SchemaBudgetSpent();
  },
};
