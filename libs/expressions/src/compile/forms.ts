import { failure } from '../run/failure';
import { build, meter, refill, step } from '../run/meter';
import { raise } from '../run/raise';
import { add, subtract } from '../values/arithmetic';
import { compare } from '../values/compare';
import { isObject, isTrue, type Json, type JsonObject } from '../values/json';
import { iterate, iteratePlaces } from './access';
import { collectAlong } from './construct';
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
  type Out,
  type PathOut,
  type Paths,
  type Place,
  type Signal,
} from './node';

/** `map(a)` */
export class MapOver extends Node {
  constructor(
    readonly body: Node,
    at: number,
  ) {
    super(ONE, at);
  }

  override one(): One {
    const { at } = this;
    if (this.body.card === MANY) {
      const body = this.body.each();
      return (frame, input) => {
        const found: Json[] = [];
        build(16);
        const keep = (value: Json): Signal => {
          step();
          build(8);
          found.push(value);
          return GO;
        };
        iterate(input, false, at, (value) => body(frame, value, keep));
        return found;
      };
    }
    const body = this.body.one();
    return (frame, input) => {
      const found: Json[] = [];
      if (Array.isArray(input)) {
        build(16 + 8 * input.length);
        for (let i = 0; i < input.length; i += 1) {
          if ((meter.left -= 1) < 0) refill();
          const value = body(frame, input[i] as Json);
          if (value !== undefined) found.push(value);
        }
        return found;
      }
      iterate(input, false, at, (element) => {
        const value = body(frame, element);
        build(8);
        if (value !== undefined) found.push(value);
        return GO;
      });
      return found;
    };
  }

  override paths(): Paths {
    const { at } = this;
    const collect = collectAlong(this.body);
    return (frame, place, input, out) => {
      const found: Json[] = [];
      iteratePlaces(place, input, false, at, (reached, value) => {
        found.push(...collect(frame, reached, value));
        return GO;
      });
      return out(place, found);
    };
  }
}

/** `error(a)`: raises each output of the message. */
export class Raise extends Node {
  constructor(
    readonly message: Node,
    at: number,
  ) {
    super(MAYBE, at);
  }

  override one(): One {
    const { at } = this;
    const message = this.message.each();
    return (frame, input) => {
      message(frame, input, (value) => {
        throw failure(value, at);
      });
      return undefined;
    };
  }
}

/** `limit(n; a)` and `skip(n; a)` share the meaning of `n`. */
function checkCount(count: Json, name: string): boolean {
  if (typeof count === 'number' ? count > 0 : compare(count, 0) > 0) return true;
  if (count === 0) return false;
  return raise(`${name} doesn't support negative count`);
}

/** `limit(n; a)` */
export class Limit extends Node {
  constructor(
    readonly count: Node,
    readonly body: Node,
    at: number,
  ) {
    super(MANY, at);
  }

  override each(): Each {
    const { at } = this;
    const count = this.count.each();
    const body = this.body.each();
    return (frame, input, out) =>
      count(frame, input, (n) => {
        meter.at = at;
        if (!checkCount(n, 'limit')) return GO;
        meter.label += 1;
        let left: Json = n;
        let signal: Signal = GO;
        body(frame, input, (value) => {
          left = subtract(left, 1);
          signal = out(value);
          return signal !== GO || compare(left, 0) <= 0 ? STOP : GO;
        });
        return signal;
      });
  }

  override paths(): Paths {
    const { at } = this;
    const count = this.count.each();
    const body = this.body.paths();
    return (frame, place, input, out) =>
      count(frame, input, (n) => {
        meter.at = at;
        if (!checkCount(n, 'limit')) return GO;
        meter.label += 1;
        let left: Json = n;
        let signal: Signal = GO;
        body(frame, place, input, (reached, value) => {
          left = subtract(left, 1);
          signal = out(reached, value);
          return signal !== GO || compare(left, 0) <= 0 ? STOP : GO;
        });
        return signal;
      });
  }
}

/** `last(a)` */
export class Last extends Node {
  constructor(
    readonly body: Node,
    at: number,
  ) {
    super(body.card === ONE ? ONE : MAYBE, at);
  }

  override one(): One {
    const body = this.body.each();
    return (frame, input) => {
      let last: Json | undefined;
      body(frame, input, (value) => {
        last = value;
        return GO;
      });
      return last;
    };
  }
}

/** `isempty(a)` */
export class IsEmpty extends Node {
  constructor(
    readonly body: Node,
    at: number,
  ) {
    super(ONE, at);
  }

  override one(): One {
    const body = this.body.each();
    return (frame, input) => {
      let empty = true;
      meter.label += 1;
      body(frame, input, () => {
        empty = false;
        return STOP;
      });
      return empty;
    };
  }
}

/** `any(a; b)` and `all(a; b)`: ends at the first output of `b` that decides. */
export class Quantifier extends Node {
  constructor(
    readonly source: Node,
    readonly condition: Node,
    readonly decided: boolean,
    at: number,
  ) {
    super(ONE, at);
  }

  override one(): One {
    const { decided } = this;
    const source = this.source.each();
    const condition = this.condition.each();
    return (frame, input) => {
      let answer = !decided;
      meter.label += 1;
      source(frame, input, (value) =>
        condition(frame, value, (found) => {
          step();
          if (isTrue(found) !== decided) return GO;
          answer = decided;
          return STOP;
        }),
      );
      return answer;
    };
  }

  override paths(): Paths {
    const { decided } = this;
    const source = this.source.paths();
    const condition = this.condition.paths();
    return (frame, place, input, out) => {
      let answer = !decided;
      meter.label += 1;
      source(frame, place, input, (reached, value) =>
        condition(frame, reached, value, (_, found) => {
          step();
          if (isTrue(found) !== decided) return GO;
          answer = decided;
          return STOP;
        }),
      );
      return out(place, answer);
    };
  }
}

/** `add(a)` */
export class Sum extends Node {
  constructor(
    readonly body: Node,
    at: number,
  ) {
    super(ONE, at);
  }

  override one(): One {
    const { at } = this;
    const body = this.body.each();
    return (frame, input) => {
      let sum: Json = null;
      // An array made here may grow in place; one from the input may not.
      let own: Json[] | undefined;
      body(frame, input, (value) => {
        if (own !== undefined && Array.isArray(value)) {
          build(8 * value.length);
          for (const element of value) {
            step();
            own.push(element);
          }
          return GO;
        }
        meter.at = at;
        const isCopy = Array.isArray(sum) && Array.isArray(value);
        sum = add(sum, value);
        own = isCopy ? (sum as Json[]) : own;
        return GO;
      });
      return sum;
    };
  }
}

/** `range(from; to)` */
export class Range extends Node {
  constructor(
    readonly from: Node,
    readonly to: Node,
    at: number,
  ) {
    super(MANY, at);
  }

  override each(): Each {
    const { at } = this;
    const from = this.from.each();
    const to = this.to.each();
    const run = (start: Json, end: Json, out: Out): Signal => {
      if (typeof start !== 'number' || typeof end !== 'number') {
        throw failure('Range bounds must be numeric', at);
      }
      for (let i = start; !(i >= end); i += 1) {
        if ((meter.left -= 1) < 0) refill();
        if (out(i) !== GO) return STOP;
      }
      return GO;
    };
    return (frame, input, out) =>
      from(frame, input, (start) => to(frame, input, (end) => run(start, end, out)));
  }
}

/** `range(from; to; by)` */
export class RangeBy extends Node {
  constructor(
    readonly from: Node,
    readonly to: Node,
    readonly by: Node,
    at: number,
  ) {
    super(MANY, at);
  }

  override each(): Each {
    const from = this.from.each();
    const to = this.to.each();
    const by = this.by.each();
    const run = (start: Json, end: Json, stride: Json, out: Out): Signal => {
      const direction = Math.sign(compare(stride, 0));
      if (direction === 0) return GO;
      for (let i = start; compare(i, end) * direction < 0; i = add(i, stride)) {
        if ((meter.left -= 1) < 0) refill();
        if (out(i) !== GO) return STOP;
      }
      return GO;
    };
    return (frame, input, out) =>
      from(frame, input, (start) =>
        to(frame, input, (end) => by(frame, input, (stride) => run(start, end, stride, out))),
      );
  }
}

/** `while(a; b)` and `until(a; b)`, where neither has more than one output. */
export class Loop extends Node {
  constructor(
    readonly condition: Node,
    readonly update: Node,
    readonly kind: 'while' | 'until',
    at: number,
  ) {
    super(kind === 'while' ? MANY : widest(condition.card, update.card), at);
  }

  override one(): One {
    const condition = this.condition.one();
    const update = this.update.one();
    return (frame, input) => {
      let state: Json | undefined = input;
      while (state !== undefined) {
        if ((meter.left -= 1) < 0) refill();
        const done = condition(frame, state);
        if (done === undefined) return undefined;
        if (isTrue(done)) return state;
        state = update(frame, state);
      }
      return undefined;
    };
  }

  override each(): Each {
    if (this.kind === 'until') return super.each();
    const condition = this.condition.one();
    const update = this.update.one();
    return (frame, input, out) => {
      let state: Json | undefined = input;
      while (state !== undefined) {
        if ((meter.left -= 1) < 0) refill();
        const more = condition(frame, state);
        if (more === undefined || !isTrue(more)) return GO;
        if (out(state) !== GO) return STOP;
        state = update(frame, state);
      }
      return GO;
    };
  }
}

/** `repeat(a)`: the outputs of `a`, again and again. */
export class Repeat extends Node {
  constructor(
    readonly body: Node,
    at: number,
  ) {
    super(MANY, at);
  }

  override each(): Each {
    const body = this.body.each();
    return (frame, input, out) => {
      for (;;) {
        if ((meter.left -= 1) < 0) refill();
        const signal = body(frame, input, out);
        if (signal !== GO) return signal;
      }
    };
  }
}

/** `walk(a)`, where `a` has at most one output. */
export class Walk extends Node {
  constructor(
    readonly body: Node,
    at: number,
  ) {
    super(body.card, at);
  }

  override one(): One {
    const body = this.body.one();
    const walk = (frame: Frame, value: Json): Json | undefined => {
      if ((meter.left -= 1) < 0) refill();
      if (Array.isArray(value)) {
        build(16 + 8 * value.length);
        const walked: Json[] = [];
        for (const element of value) {
          const next = walk(frame, element);
          if (next !== undefined) walked.push(next);
        }
        return body(frame, walked);
      }
      return body(frame, isObject(value) ? walkObject(frame, value) : value);
    };
    const walkObject = (frame: Frame, object: JsonObject): JsonObject => {
      build(64);
      const walked: JsonObject = { ...object };
      for (const key of Object.keys(object)) {
        const next = walk(frame, object[key] as Json);
        if (next === undefined) delete walked[key];
        else walked[key] = next;
      }
      return walked;
    };
    return walk;
  }
}

/** `recurse(a)` */
export class Recurse extends Node {
  constructor(
    readonly body: Node,
    at: number,
  ) {
    super(MANY, at);
  }

  override each(): Each {
    if (this.body.card !== MANY) return this.along(this.body.one());
    const body = this.body.each();
    const visit = (frame: Frame, first: Json, out: Out): Signal => {
      // The last output of `a` is followed in this loop, so that only branches use the stack.
      let value: Json | undefined = first;
      while (value !== undefined) {
        if ((meter.left -= 1) < 0) refill();
        if (out(value) !== GO) return STOP;
        let held: Json | undefined;
        let inside = false;
        const descend = (next: Json): Signal => {
          inside = true;
          const signal = visit(frame, next, out);
          inside = false;
          return signal;
        };
        try {
          const signal = body(frame, value, (next) => {
            const previous = held;
            held = next;
            return previous === undefined ? GO : descend(previous);
          });
          if (signal !== GO) return STOP;
        } catch (error) {
          if (!inside && held !== undefined && descend(held) !== GO) return STOP;
          throw error;
        }
        value = held;
      }
      return GO;
    };
    return visit;
  }

  private along(body: One): Each {
    return (frame, input, out) => {
      let value: Json | undefined = input;
      while (value !== undefined) {
        if ((meter.left -= 1) < 0) refill();
        if (out(value) !== GO) return STOP;
        value = body(frame, value);
      }
      return GO;
    };
  }

  override paths(): Paths {
    const body = this.body.paths();
    const visit = (frame: Frame, place: Place, value: Json, out: PathOut): Signal => {
      if ((meter.left -= 1) < 0) refill();
      const signal = out(place, value);
      if (signal !== GO) return signal;
      return body(frame, place, value, (reached, next) => visit(frame, reached, next, out));
    };
    return visit;
  }
}

/** `..`: walks without recursion, since values may be nested deeper than the stack. */
export class RecurseDefault extends Node {
  constructor(at: number) {
    super(MANY, at);
  }

  override each(): Each {
    return (_, input, out) => {
      const waiting: Json[] = [input];
      for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
        if ((meter.left -= 1) < 0) refill();
        if (out(value) !== GO) return STOP;
        if (Array.isArray(value)) {
          for (let i = value.length - 1; i >= 0; i -= 1) waiting.push(value[i] as Json);
        } else if (isObject(value)) {
          const keys = Object.keys(value);
          for (let i = keys.length - 1; i >= 0; i -= 1) {
            waiting.push(value[keys[i] as string] as Json);
          }
        }
      }
      return GO;
    };
  }

  override paths(): Paths {
    const { at } = this;
    return (_, place, input, out) => {
      const waiting: [Place, Json][] = [[place, input]];
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        if ((meter.left -= 1) < 0) refill();
        const [reached, value] = next;
        if (out(reached, value) !== GO) return STOP;
        const inner: [Place, Json][] = [];
        iteratePlaces(reached, value, true, at, (child, element) => {
          inner.push([child, element]);
          return GO;
        });
        while (inner.length > 0) waiting.push(inner.pop() as [Place, Json]);
      }
      return GO;
    };
  }
}
