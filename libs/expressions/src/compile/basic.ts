import type { Json } from '../values/json';
import { meter, step } from '../run/meter';
import { GO, MANY, Node, ONE, widest, type Each, type Frame, type One, type Paths } from './node';

/** `.` */
export class Identity extends Node {
  constructor(at: number) {
    super(ONE, at);
  }

  override one(): One {
    return (_, input) => input;
  }

  override paths(): Paths {
    return (_, place, input, out) => out(place, input);
  }
}

/** A constant. */
export class Literal extends Node {
  constructor(
    readonly value: Json,
    at: number,
  ) {
    super(ONE, at);
  }

  override one(): One {
    const { value } = this;
    if (typeof value === 'number' && value - value !== 0) {
      return () => {
        meter.nonFinite = true;
        return value;
      };
    }
    return () => value;
  }

  override paths(): Paths {
    const { value } = this;
    return (_, place, _input, out) => out(place, value);
  }
}

/** The frame `depth` functions out. */
export function outer(frame: Frame, depth: number): Frame {
  let found = frame;
  for (let i = depth; i > 0; i -= 1) found = found[0] as Frame;
  return found;
}

/** `$x` */
export class Variable extends Node {
  constructor(
    readonly depth: number,
    readonly slot: number,
    at: number,
  ) {
    super(ONE, at);
  }

  override one(): One {
    const { depth, slot } = this;
    if (depth === 0) return (frame) => frame[slot] as Json;
    if (depth === 1) return (frame) => (frame[0] as Frame)[slot] as Json;
    return (frame) => outer(frame, depth)[slot] as Json;
  }
}

/** `empty` */
export class Empty extends Node {
  constructor(at: number) {
    super(2, at);
  }

  override one(): One {
    return () => undefined;
  }
}

/** `a | b` */
export class Pipe extends Node {
  constructor(
    readonly left: Node,
    readonly right: Node,
  ) {
    super(widest(left.card, right.card), left.at);
    this.tails = right.tails;
  }

  override one(): One {
    return chainOne(this.left.one(), this.right.one());
  }

  override tailOne(): One {
    return chainOne(this.left.one(), this.right.tailOne());
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    return chainEach(this.left, this.right.each());
  }

  override tailEach(): Each {
    if (!this.tails || this.card !== MANY) return super.tailEach();
    if (this.left.card !== MANY) return chainEach(this.left, this.right.tailEach());
    return heldBack(this.left.each(), this.right.each(), this.right.tailEach());
  }

  override paths(): Paths {
    const left = this.left.paths();
    const right = this.right.paths();
    return (frame, place, input, out) =>
      left(frame, place, input, (reached, value) => right(frame, reached, value, out));
  }
}

function chainOne(left: One, right: One): One {
  return (frame, input) => {
    const value = left(frame, input);
    return value === undefined ? undefined : right(frame, value);
  };
}

function chainEach(leftNode: Node, right: Each): Each {
  if (leftNode.card === MANY) {
    const left = leftNode.each();
    return (frame, input, out) => left(frame, input, (value) => right(frame, value, out));
  }
  const left = leftNode.one();
  return (frame, input, out) => {
    const value = left(frame, input);
    return value === undefined ? GO : right(frame, value, out);
  };
}

/**
 * `a | f` where `f` is a recursive call in tail position and `a` has many outputs: each output
 * is held until the next one is there, so that the last can be a tail call. This is what keeps
 * `def r: ., (f | r)` from growing the stack.
 */
function heldBack(left: Each, right: Each, last: Each): Each {
  return (frame, input, out) => {
    let held: Json | undefined;
    let inRight = false;
    const pass = (value: Json) => {
      inRight = true;
      const signal = right(frame, value, out);
      inRight = false;
      return signal;
    };
    try {
      const signal = left(frame, input, (value) => {
        const previous = held;
        held = value;
        return previous === undefined ? GO : pass(previous);
      });
      if (signal !== GO) return signal;
    } catch (error) {
      // What came before an error is still handed on.
      const signal = !inRight && held !== undefined ? pass(held) : GO;
      if (signal !== GO) return signal;
      throw error;
    }
    return held === undefined ? GO : last(frame, held, out);
  };
}

/** `a, b` */
export class Comma extends Node {
  constructor(
    readonly left: Node,
    readonly right: Node,
  ) {
    super(MANY, left.at);
    this.tails = right.tails;
  }

  override each(): Each {
    return both(this.left, this.right.each());
  }

  override tailEach(): Each {
    return both(this.left, this.right.tailEach());
  }

  override paths(): Paths {
    const left = this.left.paths();
    const right = this.right.paths();
    return (frame, place, input, out) => {
      const signal = left(frame, place, input, out);
      return signal === GO ? right(frame, place, input, out) : signal;
    };
  }
}

function both(leftNode: Node, right: Each): Each {
  if (leftNode.card === MANY) {
    const left = leftNode.each();
    return (frame, input, out) => {
      step();
      const signal = left(frame, input, out);
      return signal === GO ? right(frame, input, out) : signal;
    };
  }
  const left = leftNode.one();
  return (frame, input, out) => {
    step();
    const value = left(frame, input);
    if (value !== undefined && out(value) !== GO) return 1;
    return right(frame, input, out);
  };
}

/** A node evaluated in a frame of its own, so that it may be entered again while it runs. */
export class Scoped extends Node {
  constructor(readonly body: Node) {
    super(body.card, body.at);
  }

  override one(): One {
    const body = this.body.one();
    return (frame, input) => body([frame], input);
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const body = this.body.each();
    return (frame, input, out) => body([frame], input, out);
  }

  override paths(): Paths {
    const body = this.body.paths();
    return (frame, place, input, out) => body([frame], place, input, out);
  }
}
