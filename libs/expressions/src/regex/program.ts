import type { CharSet } from './char-set';

/** What an instruction does. */
export const op = {
  /** Matches the code point `a`. */
  char: 0,
  /** Matches a member of `set`. */
  set: 1,
  /** Goes on at `a`. */
  jump: 2,
  /** Goes on at `a`; when that fails, at `b`. */
  split: 3,
  /** Keeps the position in slot `a`. */
  save: 4,
  /** Matches between `a` and `b` members of `set`, as many as possible. */
  greedy: 5,
  /** Matches between `a` and `b` members of `set`, as few as possible. */
  lazy: 6,
  /** Matches between `a` and `b` members of `set`, and gives none back. */
  possessive: 7,
  /** Checks the assertion `a`. */
  assert: 8,
  /** Matches what a group (of `groups`) matched. */
  backreference: 9,
  /** Runs the code up to its `end`; goes on at `a`. */
  atomic: 10,
  /** Checks that the code does (`b` 0) or does not (`b` 1) match here; goes on at `a`. */
  lookahead: 11,
  /** The same for code that ends here. */
  lookbehind: 12,
  /** Any text that does not contain the code; goes on at `a`. */
  absence: 13,
  /** Sets the counter `a` to zero. */
  reset: 14,
  /** Begins an iteration of a loop. */
  loop: 15,
  /** Ends an iteration: goes to `a`, or to `b` when the iteration was empty. */
  next: 16,
  /** Calls the code at `a`. */
  call: 17,
  /** Returns from a call. */
  return: 18,
  /** The end of inner code. */
  end: 19,
  /** The end of the pattern. */
  match: 20,
  /** The end of the code of a lookbehind, which must end where that stands. */
  endHere: 21,
} as const;

/** The assertions. */
export const assertion = {
  stringStart: 0,
  stringEnd: 1,
  stringEndNewline: 2,
  lineStart: 3,
  lineEnd: 4,
  wordBoundary: 5,
  notWordBoundary: 6,
  searchStart: 7,
  segmentBoundary: 8,
  notSegmentBoundary: 9,
} as const;

/** The numbers of a loop. */
export interface LoopPlan {
  readonly counter: number;
  readonly start: number;
  readonly min: number;
  readonly max: number;
  readonly lazy: boolean;
  /** Where the loop ends. */
  exit: number;
}

/** One instruction; what its fields mean depends on `op`. */
export interface Instruction {
  readonly op: number;
  a: number;
  b: number;
  readonly set: CharSet | undefined;
  readonly groups: readonly number[];
  readonly ignoreCase: boolean;
  readonly plan: LoopPlan | undefined;
}

/** A compiled pattern. */
export interface Program {
  readonly code: readonly Instruction[];
  /** The number of capturing groups. */
  readonly groups: number;
  /** The names of the groups, by number; undefined: no name. */
  readonly names: readonly (string | undefined)[];
  /** The number of counters. */
  readonly registers: number;
  /** A code point or set that every match begins with, where one is known. */
  readonly first: number | CharSet | undefined;
}
