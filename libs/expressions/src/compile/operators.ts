import { meter } from '../run/meter';
import { raiseAbout } from '../run/raise';
import type { BinaryOperator } from '../syntax/ast';
import { isTrue, type Json } from '../values/json';
import { operations, type Operation } from '../values/operations';
import { GO, MANY, Node, STOP, widest, type Each, type One, type Paths } from './node';

/** Comparing longer texts is counted. */
const longText = 4096;

/** Whether comparing a text takes long enough to be counted. */
function isLong(value: Json): boolean {
  return typeof value === 'string' && value.length > longText;
}

function oneOf(operator: BinaryOperator, left: One, right: One, at: number): One {
  const operation = operations[operator];
  const slow = (a: Json, b: Json): Json => {
    meter.at = at;
    return operation(a, b);
  };
  /** The right operand is evaluated first, as in jq. */
  const evaluate =
    (compute: Operation): One =>
    (frame, input) => {
      const b = right(frame, input);
      if (b === undefined) return undefined;
      const a = left(frame, input);
      return a === undefined ? undefined : compute(a, b);
    };
  switch (operator) {
    case '==':
      return evaluate((a, b) =>
        isLong(a) ? slow(a, b) : a === b || (typeof a === 'object' && slow(a, b) === true),
      );
    case '!=':
      return evaluate((a, b) =>
        isLong(a) ? slow(a, b) : a !== b && (typeof a !== 'object' || slow(a, b) === true),
      );
    case '<':
      return evaluate((a, b) =>
        typeof a === 'number' && typeof b === 'number' && a === a ? a < b : slow(a, b),
      );
    case '>':
      return evaluate((a, b) =>
        typeof a === 'number' && typeof b === 'number' && b === b && a === a ? a > b : slow(a, b),
      );
    default:
      return evaluate(slow);
  }
}

/** `a + b` and its kin; for each right operand, each left one. */
export class Binary extends Node {
  constructor(
    readonly operator: BinaryOperator,
    readonly left: Node,
    readonly right: Node,
    at: number,
  ) {
    super(widest(left.card, right.card), at);
  }

  override one(): One {
    return oneOf(this.operator, this.left.one(), this.right.one(), this.at);
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const { at } = this;
    const operation = operations[this.operator];
    const left = this.left.each();
    const right = this.right.each();
    return (frame, input, out) =>
      right(frame, input, (b) =>
        left(frame, input, (a) => {
          meter.at = at;
          return out(operation(a, b));
        }),
      );
  }
}

/** `-a` */
export class Negate extends Node {
  constructor(
    readonly body: Node,
    at: number,
  ) {
    super(body.card, at);
  }

  private compute(value: Json): Json {
    if (typeof value === 'number') return -value;
    meter.at = this.at;
    return raiseAbout(value, 'cannot be negated');
  }

  override one(): One {
    const body = this.body.one();
    return (frame, input) => {
      const value = body(frame, input);
      return value === undefined ? undefined : this.compute(value);
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const body = this.body.each();
    return (frame, input, out) => body(frame, input, (value) => out(this.compute(value)));
  }

  override paths(): Paths {
    const body = this.body.paths();
    return (frame, place, input, out) =>
      body(frame, place, input, (reached, value) => out(reached, this.compute(value)));
  }
}

/** `a and b`, `a or b`; the right side is looked at only where it matters. */
export class Logic extends Node {
  constructor(
    readonly operator: 'and' | 'or',
    readonly left: Node,
    readonly right: Node,
    at: number,
  ) {
    super(widest(left.card, right.card), at);
  }

  override one(): One {
    const decided = this.operator === 'or';
    const left = this.left.one();
    const right = this.right.one();
    return (frame, input) => {
      const a = left(frame, input);
      if (a === undefined) return undefined;
      if (isTrue(a) === decided) return decided;
      const b = right(frame, input);
      return b === undefined ? undefined : isTrue(b);
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const decided = this.operator === 'or';
    const left = this.left.each();
    const right = this.right.each();
    return (frame, input, out) =>
      left(frame, input, (a) =>
        isTrue(a) === decided ? out(decided) : right(frame, input, (b) => out(isTrue(b))),
      );
  }

  /** jq takes what the operands follow for steps of the path. */
  override paths(): Paths {
    const decided = this.operator === 'or';
    const left = this.left.paths();
    const right = this.right.paths();
    return (frame, place, input, out) =>
      left(frame, place, input, (reached, a) =>
        isTrue(a) === decided
          ? out(reached, decided)
          : right(frame, reached, input, (last, b) => out(last, isTrue(b))),
      );
  }
}

/** `a // b`: the true outputs of `a`; where there are none, `b`. */
export class Alternative extends Node {
  constructor(
    readonly left: Node,
    readonly right: Node,
    at: number,
  ) {
    super(left.card === MANY ? MANY : right.card, at);
    this.tails = right.tails;
  }

  override one(): One {
    return this.choose(this.right.one());
  }

  override tailOne(): One {
    return this.choose(this.right.tailOne());
  }

  private choose(right: One): One {
    const left = this.left.one();
    return (frame, input) => {
      const value = left(frame, input);
      return value !== undefined && value !== null && value !== false ? value : right(frame, input);
    };
  }

  override each(): Each {
    return this.card === MANY ? this.chooseEach(this.right.each()) : super.each();
  }

  override tailEach(): Each {
    return this.card === MANY ? this.chooseEach(this.right.tailEach()) : super.tailEach();
  }

  private chooseEach(right: Each): Each {
    const left = this.left.each();
    return (frame, input, out) => {
      let found = false;
      const signal = left(frame, input, (value) => {
        if (!isTrue(value)) return GO;
        found = true;
        return out(value);
      });
      if (signal !== GO) return STOP;
      return found ? GO : right(frame, input, out);
    };
  }

  override paths(): Paths {
    const left = this.left.paths();
    const right = this.right.paths();
    return (frame, place, input, out) => {
      let found = false;
      const signal = left(frame, place, input, (reached, value) => {
        if (!isTrue(value)) return GO;
        found = true;
        return out(reached, value);
      });
      if (signal !== GO) return STOP;
      return found ? GO : right(frame, place, input, out);
    };
  }
}
