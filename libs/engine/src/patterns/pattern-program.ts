import { PatternRefused, type PatternNode } from './pattern-tree';

/** One step of a matcher; `next`, `other` and `body` are indexes of steps. */
export type PatternStep =
  | { readonly kind: 'match' }
  | {
      readonly kind: 'character';
      readonly holds: (codePoint: number) => boolean;
      readonly back: boolean;
      readonly next: number;
    }
  | { readonly kind: 'assertion'; readonly which: '^' | '$' | 'b' | 'B'; readonly next: number }
  | {
      readonly kind: 'look';
      readonly body: number;
      readonly negated: boolean;
      readonly next: number;
    }
  | { readonly kind: 'split'; readonly slot: number; readonly next: number; other: number };

export interface PatternProgram {
  readonly steps: readonly PatternStep[];
  readonly start: number;
  /** How many splits there are: the places that a search remembers. */
  readonly slots: number;
}

/** Steps a pattern may have once its counted repetitions are written out. */
const MOST_STEPS = 20_000;

/** @throws PatternRefused when it is too large */
export function compilePattern(tree: PatternNode): PatternProgram {
  const compiler = new PatternCompiler();
  const start = compiler.node(tree, compiler.add({ kind: 'match' }), false);
  return { steps: compiler.steps, start, slots: compiler.slots };
}

class PatternCompiler {
  readonly steps: PatternStep[] = [];
  slots = 0;
  private readonly sets = new Map<string, (codePoint: number) => boolean>();

  add(step: PatternStep): number {
    if (this.steps.length >= MOST_STEPS) throw new PatternRefused('it is too large');
    this.steps.push(step);
    return this.steps.length - 1;
  }

  /** Steps that match the node and go on with `next`; `back` matches from its end to its beginning. */
  node(node: PatternNode, next: number, back: boolean): number {
    switch (node.kind) {
      case 'character':
        return this.add({ kind: 'character', holds: this.set(node.source), back, next });
      case 'assertion':
        return this.add({ kind: 'assertion', which: node.which, next });
      case 'look': {
        const body = this.node(node.body, this.add({ kind: 'match' }), node.behind);
        return this.add({ kind: 'look', body, negated: node.negated, next });
      }
      case 'sequence': {
        const ordered = back ? node.parts : node.parts.toReversed();
        return ordered.reduce((after, part) => this.node(part, after, back), next);
      }
      case 'choice':
        return node.branches
          .map((branch) => this.node(branch, next, back))
          .reduceRight((other, branch) => this.split(branch, other));
      case 'repeat':
        return this.repeat(node, next, back);
    }
  }

  private split(next: number, other: number): number {
    this.slots += 1;
    return this.add({ kind: 'split', slot: this.slots - 1, next, other });
  }

  private repeat(
    { body, min, max }: Extract<PatternNode, { kind: 'repeat' }>,
    next: number,
    back: boolean,
  ): number {
    let after = next;
    if (max === Infinity) {
      const loop = this.split(next, next);
      const step = this.steps[loop];
      if (step?.kind === 'split') step.other = this.node(body, loop, back);
      after = loop;
    } else {
      for (let count = min; count < max; count += 1) {
        after = this.split(this.node(body, after, back), next);
      }
    }
    for (let count = 0; count < min; count += 1) after = this.node(body, after, back);
    return after;
  }

  /** Whether a code point belongs to what one character of the source stands for: the engine knows. */
  private set(source: string): (codePoint: number) => boolean {
    const known = this.sets.get(source);
    if (known) return known;
    const made = memberOf(source);
    this.sets.set(source, made);
    return made;
  }
}

function memberOf(source: string): (codePoint: number) => boolean {
  const expression = new RegExp(`^(?:${source})$`, 'u');
  const holds = (codePoint: number): boolean => expression.test(String.fromCodePoint(codePoint));
  const ascii = Array.from({ length: 128 }, (_, codePoint) => holds(codePoint));
  return (codePoint) => ascii[codePoint] ?? holds(codePoint);
}
