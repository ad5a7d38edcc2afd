import { searchPattern, type PatternMeter } from './pattern-matcher';
import { compilePattern, type PatternProgram } from './pattern-program';
import { PatternRefused, readPattern, type PatternNode } from './pattern-tree';

/** How many characters the engine passes in the time of one step of the search. */
const CHARACTERS_PER_STEP = 32;

/** What the engine may have to try at one place, in characters; more goes to the search. */
const MOST_EFFORT = { anchored: 100_000, anywhere: 1_000 };

/**
 * A regular expression of an author (ECMAScript, flag `u`) that cannot run away. The engine's own backtracks:
 * `(a+)+$` takes it hours over forty letters. So it gets only what plainly takes linear time, which is nearly
 * all that is written; the rest runs on a search that never looks at one place twice.
 */
export class TextPattern {
  private readonly native: RegExp | undefined;
  private readonly program: PatternProgram | undefined;
  /** What one test costs at most, in characters: of a text without letters, and of each letter. */
  private readonly cost: { fixed: number; letter: number };

  /** Of the search; none where the engine does it. */
  readonly steps: number;

  /** @throws PatternRefused */
  constructor(
    private readonly source: string,
    private readonly meter: PatternMeter,
  ) {
    try {
      const tree = readPattern(source);
      const anchored = isAnchored(tree);
      const { ways, length, loops, variable } = effortOf(tree);
      const effort = variable > 1 ? ways * length : ways + length;
      const most = anchored ? MOST_EFFORT.anchored : MOST_EFFORT.anywhere;
      const isLinear = loops === 0 || (loops === 1 && anchored);
      this.cost = anchored ? { fixed: effort, letter: 1 } : { fixed: 0, letter: effort };
      if (isLinear && effort <= most) this.native = new RegExp(source, 'u');
      else this.program = compilePattern(tree);
      this.steps = this.program?.steps.length ?? 0;
    } catch (error) {
      if (error instanceof RangeError) throw new PatternRefused('it is nested too deeply');
      throw error;
    }
  }

  test(text: string): boolean {
    if (this.program) return searchPattern(this.program, text, this.meter);
    const { fixed, letter } = this.cost;
    this.meter.spend(1 + Math.ceil((fixed + letter * text.length) / CHARACTERS_PER_STEP));
    return this.native?.test(text) === true;
  }

  toString(): string {
    return `/${this.source}/u`;
  }
}

function isAnchored(tree: PatternNode): boolean {
  if (tree.kind === 'choice') return tree.branches.every(isAnchored);
  const first = tree.kind === 'sequence' ? tree.parts[0] : tree;
  return first?.kind === 'assertion' && first.which === '^';
}

/** What a backtracking matcher may have to do for a part. */
interface Effort {
  /** In how many ways it may try it. */
  ways: number;
  /** The longest text it may take; loops without a bound aside. */
  length: number;
  /** Loops without a bound. */
  loops: number;
  /** Parts that can be tried in more than one way. */
  variable: number;
}

const FIXED: Effort = { ways: 1, length: 0, loops: 0, variable: 0 };

function effortOf(node: PatternNode): Effort {
  switch (node.kind) {
    case 'character':
      return { ...FIXED, length: 1 };
    case 'assertion':
      return FIXED;
    case 'look':
      return { ...FIXED, ways: Infinity };
    case 'sequence':
      return node.parts.map(effortOf).reduce(inSequence, FIXED);
    case 'choice':
      return node.branches.map(effortOf).reduce((sum, branch) => ({
        ways: sum.ways + branch.ways,
        length: sum.length + branch.length,
        loops: sum.loops + branch.loops,
        variable: sum.variable + branch.variable + 1,
      }));
    case 'repeat':
      return repeatEffort(node);
  }
}

function inSequence(one: Effort, other: Effort): Effort {
  return {
    ways: one.ways * other.ways,
    length: one.length + other.length,
    loops: one.loops + other.loops,
    variable: one.variable + other.variable,
  };
}

function repeatEffort({ body, min, max }: Extract<PatternNode, { kind: 'repeat' }>): Effort {
  const inner = effortOf(body);
  if (max === Infinity) {
    const ways = body.kind === 'character' ? 1 : Infinity;
    return { ways, length: min, loops: 1, variable: 1 };
  }
  const ways = (max - min + 1) * inner.ways ** max;
  const variable = max > min || inner.variable > 0 ? 1 + inner.variable * max : 0;
  // A loop within a loop, however bounded, is one that the search should do.
  return {
    ways: inner.loops > 0 ? Infinity : ways,
    length: inner.length * max,
    loops: inner.loops,
    variable,
  };
}
