import { meter, step } from '../run/meter';
import type { Json } from '../values/json';
import { outer } from './basic';
import {
  CALL,
  GO,
  MANY,
  Node,
  ONE,
  TAIL,
  widest,
  type Card,
  type Each,
  type Frame,
  type One,
  type Out,
  type Paths,
} from './node';

/** An argument passed by name: code, and the frame it belongs to. */
export interface Closure {
  readonly frame: Frame;
  readonly code: Code;
}

/** The ways to run a piece of code, each compiled when it is first run. */
export class Code {
  constructor(private readonly node: () => Node) {}

  one: One = (frame, input) => {
    this.one = this.node().tailOne();
    return this.one(frame, input);
  };

  each: Each = (frame, input, out) => {
    this.each = this.node().tailEach();
    return this.each(frame, input, out);
  };

  paths: Paths = (frame, place, input, out) => {
    this.paths = this.node().paths();
    return this.paths(frame, place, input, out);
  };
}

/** A function for one combination of numbers of outputs of its arguments. */
export class Callable {
  card: Card = ONE;
  /** While its own body is being compiled, a call to it is a recursive one. */
  isOpen = true;
  body: Node | undefined;
  readonly code = new Code(() => this.body as Node);
}

/** The call that code in tail position left to its caller. */
const pending: { code: Code | undefined; frame: Frame; input: Json } = {
  code: undefined,
  frame: [],
  input: null,
};

function finishOne(): Json | undefined {
  let value: Json | undefined = TAIL;
  while (value === TAIL) {
    step();
    value = (pending.code as Code).one(pending.frame, pending.input);
  }
  return value;
}

function finishEach(out: Out): 0 | 1 | 2 {
  let signal: 0 | 1 | 2 = CALL;
  while (signal === CALL) {
    step();
    signal = (pending.code as Code).each(pending.frame, pending.input, out);
  }
  return signal;
}

/** Makes the closures of a call's arguments. */
type Pass = (frame: Frame) => unknown;

/** A call of a function of the program. */
export class Call extends Node {
  constructor(
    readonly callable: Callable,
    /** How many functions out the callee was defined. */
    readonly depth: number,
    readonly given: readonly Pass[],
    at: number,
  ) {
    super(callable.card, at);
    this.tails = callable.isOpen || callable.body?.tails === true;
  }

  private framer(): (frame: Frame) => Frame {
    const { depth, given } = this;
    const [first, second] = given;
    if (first === undefined) return (frame) => [outer(frame, depth)];
    if (second === undefined) return (frame) => [outer(frame, depth), first(frame)];
    return (frame) => {
      const made: Frame = [outer(frame, depth)];
      for (const pass of given) made.push(pass(frame));
      return made;
    };
  }

  override one(): One {
    const { code } = this.callable;
    const enter = this.framer();
    return (frame, input) => {
      step();
      const value = code.one(enter(frame), input);
      return value === TAIL ? finishOne() : value;
    };
  }

  override tailOne(): One {
    if (!this.tails) return this.one();
    const { code } = this.callable;
    const enter = this.framer();
    return (frame, input) => {
      pending.frame = enter(frame);
      pending.code = code;
      pending.input = input;
      return TAIL;
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const { code } = this.callable;
    const enter = this.framer();
    return (frame, input, out) => {
      step();
      const signal = code.each(enter(frame), input, out);
      return signal === CALL ? finishEach(out) : signal;
    };
  }

  override tailEach(): Each {
    if (!this.tails) return this.each();
    const { code } = this.callable;
    const enter = this.framer();
    return (frame, input) => {
      pending.frame = enter(frame);
      pending.code = code;
      pending.input = input;
      return CALL;
    };
  }

  override paths(): Paths {
    const { code } = this.callable;
    const enter = this.framer();
    return (frame, place, input, out) => {
      step();
      return code.paths(enter(frame), place, input, out);
    };
  }
}

/** A use of a parameter that was passed by name: a step too, as `f(n - 1)` leads back through all the calls before. */
export class ParameterUse extends Node {
  constructor(
    card: Card,
    readonly depth: number,
    readonly slot: number,
    at: number,
  ) {
    super(card, at);
  }

  /** Finds what was passed, also to pass it on. */
  closureOf(): (frame: Frame) => Closure {
    const { depth, slot } = this;
    if (depth === 0) return (frame) => frame[slot] as Closure;
    return (frame) => outer(frame, depth)[slot] as Closure;
  }

  override one(): One {
    const find = this.closureOf();
    return (frame, input) => {
      step();
      const closure = find(frame);
      const value = closure.code.one(closure.frame, input);
      return value === TAIL ? finishOne() : value;
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const find = this.closureOf();
    return (frame, input, out) => {
      step();
      const closure = find(frame);
      const signal = closure.code.each(closure.frame, input, out);
      return signal === CALL ? finishEach(out) : signal;
    };
  }

  override paths(): Paths {
    const find = this.closureOf();
    return (frame, place, input, out) => {
      step();
      const closure = find(frame);
      return closure.code.paths(closure.frame, place, input, out);
    };
  }
}

/** Passes a piece of code as an argument. */
export function passNode(node: Node): Pass {
  if (node instanceof ParameterUse) return node.closureOf();
  const code = new Code(() => node);
  return (frame): Closure => ({ frame, code });
}

/** A builtin that computes a value of its input and of the values of its arguments. */
export type ValueFunction = (input: Json, ...given: Json[]) => Json | undefined;

/** A call of a builtin on values; the last argument varies slowest. */
export class ValueCall extends Node {
  constructor(
    readonly run: ValueFunction,
    readonly given: readonly Node[],
    base: Card,
    at: number,
  ) {
    super(widest(base, ...given.map(({ card }) => card)), at);
  }

  override one(): One {
    const { run, at } = this;
    const given = this.given.map((node) => node.one());
    const [first, second] = given;
    if (first === undefined) {
      return (_, input) => {
        meter.at = at;
        return run(input);
      };
    }
    if (second === undefined) {
      return (frame, input) => {
        const value = first(frame, input);
        if (value === undefined) return undefined;
        meter.at = at;
        return run(input, value);
      };
    }
    return (frame, input) => {
      const values: Json[] = [];
      for (let i = given.length - 1; i >= 0; i -= 1) {
        const value = (given[i] as One)(frame, input);
        if (value === undefined) return undefined;
        values[i] = value;
      }
      meter.at = at;
      return run(input, ...values);
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const { run, at } = this;
    const given = this.given.map((node) => node.each());
    const from = (
      frame: Frame,
      input: Json,
      index: number,
      values: Json[],
      out: Out,
    ): 0 | 1 | 2 => {
      const each = given[index];
      if (each === undefined) {
        meter.at = at;
        const value = run(input, ...values);
        return value === undefined ? GO : out(value);
      }
      return each(frame, input, (value) => {
        step();
        values[index] = value;
        return from(frame, input, index - 1, values, out);
      });
    };
    return (frame, input, out) => from(frame, input, given.length - 1, [], out);
  }
}
