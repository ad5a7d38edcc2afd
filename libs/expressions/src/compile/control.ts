import { Failure, failure } from '../run/failure';
import { meter, step } from '../run/meter';
import { isObject, isTrue, type Json } from '../values/json';
import {
  GO,
  MANY,
  MAYBE,
  Node,
  ONE,
  STOP,
  widest,
  type Each,
  type Frame,
  type One,
  type Paths,
  type Signal,
} from './node';
import { outer } from './basic';

/** `if a then b else c end` */
export class If extends Node {
  constructor(
    readonly condition: Node,
    readonly then: Node,
    readonly otherwise: Node,
    at: number,
  ) {
    super(widest(condition.card, then.card, otherwise.card), at);
    this.tails = then.tails || otherwise.tails;
  }

  override one(): One {
    return chooseOne(this.condition.one(), this.then.one(), this.otherwise.one());
  }

  override tailOne(): One {
    return chooseOne(this.condition.one(), this.then.tailOne(), this.otherwise.tailOne());
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    return chooseEach(this.condition, this.then.each(), this.otherwise.each());
  }

  override tailEach(): Each {
    // Only the last output of a condition could be followed by a tail call.
    if (this.card !== MANY || this.condition.card === MANY) return super.tailEach();
    return chooseEach(this.condition, this.then.tailEach(), this.otherwise.tailEach());
  }

  override paths(): Paths {
    const condition = this.condition.each();
    const then = this.then.paths();
    const otherwise = this.otherwise.paths();
    return (frame, place, input, out) =>
      condition(frame, input, (value) =>
        (isTrue(value) ? then : otherwise)(frame, place, input, out),
      );
  }
}

function chooseOne(condition: One, then: One, otherwise: One): One {
  return (frame, input) => {
    const value = condition(frame, input);
    if (value === undefined) return undefined;
    return value === null || value === false ? otherwise(frame, input) : then(frame, input);
  };
}

function chooseEach(conditionNode: Node, then: Each, otherwise: Each): Each {
  if (conditionNode.card === MANY) {
    const condition = conditionNode.each();
    return (frame, input, out) =>
      condition(frame, input, (value) => (isTrue(value) ? then : otherwise)(frame, input, out));
  }
  const condition = conditionNode.one();
  return (frame, input, out) => {
    const value = condition(frame, input);
    if (value === undefined) return GO;
    return (isTrue(value) ? then : otherwise)(frame, input, out);
  };
}

/** The failure that an exception is; anything else goes on its way. */
function caught(error: unknown): Failure {
  if (error instanceof Failure) return error;
  throw error;
}

/** `try a catch b`, `a?`. Errors of what comes after are not caught. */
export class Try extends Node {
  constructor(
    readonly body: Node,
    readonly handler: Node | undefined,
    at: number,
  ) {
    super(widest(MAYBE, body.card, handler?.card ?? MAYBE), at);
  }

  override one(): One {
    const body = this.body.one();
    const handler = this.handler?.one();
    return (frame, input) => {
      let message: Json;
      try {
        return body(frame, input);
      } catch (error) {
        message = caught(error).value;
      }
      return handler?.(frame, message);
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const body = this.body.each();
    const handler = this.handler?.each();
    return (frame, input, out) =>
      attempt(
        (outside) => body(frame, input, (value) => outside(() => out(value))),
        (message) => handler?.(frame, message, out) ?? GO,
      );
  }

  override paths(): Paths {
    const body = this.body.paths();
    const handler = this.handler?.paths();
    return (frame, place, input, out) =>
      attempt(
        (outside) =>
          body(frame, place, input, (reached, value) => outside(() => out(reached, value))),
        (message) => handler?.(frame, place, message, out) ?? GO,
      );
  }
}

/** Runs a body, whose failures go to a handler; those of what it does `outside` do not. */
function attempt(
  body: (outside: (then: () => Signal) => Signal) => Signal,
  handle: (message: Json) => Signal,
): Signal {
  let escaped: unknown;
  let message: Json;
  try {
    return body((then) => {
      try {
        return then();
      } catch (error) {
        escaped = error;
        throw error;
      }
    });
  } catch (error) {
    if (error === escaped) throw error;
    message = caught(error).value;
  }
  return handle(message);
}

/** The key of the objects that `break` raises. */
const labelKey = '__jq';

/** `label $name | a` */
export class Label extends Node {
  constructor(
    readonly slot: number,
    readonly body: Node,
    at: number,
  ) {
    super(widest(MAYBE, body.card), at);
  }

  /** Runs the body; a break to this label ends it. */
  private within<T>(frame: Frame, body: () => T, ended: T): T {
    const label = meter.label;
    meter.label += 1;
    frame[this.slot] = label;
    try {
      return body();
    } catch (error) {
      const isHere =
        error instanceof Failure && isObject(error.value) && error.value[labelKey] === label;
      if (isHere) return ended;
      throw error;
    }
  }

  override one(): One {
    const body = this.body.one();
    return (frame, input) => this.within(frame, () => body(frame, input), undefined);
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const body = this.body.each();
    return (frame, input, out) => this.within(frame, () => body(frame, input, out), GO);
  }

  override paths(): Paths {
    const body = this.body.paths();
    return (frame, place, input, out) =>
      this.within(frame, () => body(frame, place, input, out), GO);
  }
}

/** `break $name` */
export class Break extends Node {
  constructor(
    readonly depth: number,
    readonly slot: number,
    at: number,
  ) {
    super(MAYBE, at);
  }

  override one(): One {
    const { depth, slot, at } = this;
    return (frame) => {
      throw failure({ [labelKey]: outer(frame, depth)[slot] as number }, at);
    };
  }
}

/** `first(a)`, and with more outputs `limit`: stops what it has enough of. */
export class First extends Node {
  constructor(
    readonly body: Node,
    at: number,
  ) {
    super(body.card === ONE ? ONE : MAYBE, at);
  }

  override one(): One {
    if (this.body.card !== MANY) return this.body.one();
    const body = this.body.each();
    return (frame, input) => {
      let first: Json | undefined;
      // jq writes this builtin with a label: labels are numbered.
      meter.label += 1;
      step();
      body(frame, input, (value) => {
        first = value;
        return STOP;
      });
      return first;
    };
  }

  override paths(): Paths {
    const body = this.body.paths();
    return (frame, place, input, out) => {
      let signal: 0 | 1 | 2 = GO;
      body(frame, place, input, (reached, value) => {
        signal = out(reached, value);
        return STOP;
      });
      return signal;
    };
  }
}
