import { brief } from '../values/print';
import { failure } from '../run/failure';
import { steps } from '../run/meter';
import type { Json } from '../values/json';

/** How many outputs a node can have. */
export type Card = 1 | 2 | 3;
/** Exactly one output, or an error. */
export const ONE = 1;
/** At most one output. */
export const MAYBE = 2;
/** Any number of outputs. */
export const MANY = 3;

/**
 * The variables of a function call. Element 0 is the frame of the enclosing function; the
 * others hold values and closures.
 */
export type Frame = unknown[];

/** What an output's consumer answers, and so what a producer answers in turn. */
export type Signal = 0 | 1 | 2;
/** Produce more. */
export const GO = 0;
/** No more outputs are wanted. */
export const STOP = 1;
/** The call noted in `tail` is still to be made (only from code in tail position). */
export const CALL = 2;

/** Receives an output. */
export type Out = (value: Json) => Signal;
/** Evaluates a node with at most one output; `undefined` is none. */
export type One = (frame: Frame, input: Json) => Json | undefined;
/** Evaluates a node, handing each output on as it comes up. */
export type Each = (frame: Frame, input: Json, out: Out) => Signal;

/** A place in the input of a path expression; the root has no parent. */
export interface Place {
  readonly parent: Place | undefined;
  readonly key: Json;
  /** The value there. A value that is not this one cannot be followed further. */
  readonly value: Json;
}

/** Receives an output of a path expression: the place reached so far, and the value. */
export type PathOut = (place: Place, value: Json) => Signal;
/** Evaluates a node as a path expression. */
export type Paths = (frame: Frame, place: Place, input: Json, out: PathOut) => Signal;

/** The answer of code in tail position that leaves a call to its caller. */
export const TAIL = Object.freeze({}) as Json;

/**
 * A compiled piece of a program. Each node can be turned into closures for the three ways to
 * evaluate it: for its only output, for all outputs, and as a path expression.
 */
export abstract class Node {
  /** Whether a recursive call is in tail position here. */
  tails = false;

  constructor(
    readonly card: Card,
    /** Offset in the source. */
    readonly at: number,
  ) {}

  /** For nodes with at most one output. */
  one(): One {
    throw new TypeError('a node with many outputs has no single one');
  }

  each(): Each {
    const one = this.one();
    return (frame, input, out) => {
      const value = one(frame, input);
      return value === undefined ? GO : out(value);
    };
  }

  /** Like `one`, but may answer TAIL. */
  tailOne(): One {
    return this.one();
  }

  /** Like `each`, but may answer CALL. */
  tailEach(): Each {
    if (!this.tails || this.card === MANY) return this.each();
    const one = this.tailOne();
    return (frame, input, out) => {
      const value = one(frame, input);
      if (value === undefined) return GO;
      return value === TAIL ? CALL : out(value);
    };
  }

  /** By default the outputs are new values, which are at no place in the input. */
  paths(): Paths {
    const each = this.each();
    return (frame, place, input, out) => each(frame, input, (value) => out(place, value));
  }
}

/** Whether two values are one and the same for path expressions: NaN is, 0 and -0 are not. */
export function isSame(a: Json, b: Json): boolean {
  return Object.is(a, b);
}

/** Raises jq's error about following a value that is not at a place in the input. */
export function raiseLost(at: number, attempt: string, value: Json): never {
  throw failure(`Invalid path expression ${attempt} ${brief(value)}`, at);
}

/** Refuses to look up a key of a value that is not the one at the place reached. */
export function checkPlace(place: Place, key: Json, value: Json, at: number): void {
  if (!isSame(value, place.value)) {
    raiseLost(at, `near attempt to access element ${brief(key)} of`, value);
  }
}

/** The keys from the root to a place. */
export function pathOf(place: Place): Json[] {
  const keys: Json[] = [];
  for (let p: Place = place; p.parent !== undefined; p = p.parent) keys.push(p.key);
  steps(keys.length >> 1);
  return keys.reverse();
}

/** The larger of two numbers of outputs: of one after the other. */
export function widest(...cards: readonly Card[]): Card {
  let card: Card = ONE;
  for (const other of cards) if (other > card) card = other;
  return card;
}
