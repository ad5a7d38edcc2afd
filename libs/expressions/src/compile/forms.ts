import { failure } from '../run/failure';
import { build, meter, step } from '../run/meter';
import { raise } from '../run/raise';
import { subtract } from '../values/arithmetic';
import { compare } from '../values/compare';
import { isTrue, type Json } from '../values/json';
import { OwnContainers } from '../values/own';
import { TextBuilder } from '../values/pieces';
import { iterate, iteratePlaces } from './access';
import { collectAlong } from './construct';
import {
  GO,
  MANY,
  MAYBE,
  Node,
  ONE,
  STOP,
  type Each,
  type One,
  type Paths,
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
          step();
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

/** `limit(n; a)` */
export class Limit extends Node {
  constructor(
    readonly count: Node,
    readonly body: Node,
    at: number,
  ) {
    super(MANY, at);
  }

  /** Runs the body, which calls `taking` around each of its outputs, until there are `n`. */
  private take(n: Json, body: (taking: (then: () => Signal) => Signal) => void): Signal {
    meter.at = this.at;
    if (compare(n, 0) < 0) raise("limit doesn't support negative count");
    if (n === 0) return GO;
    meter.label += 1;
    let left = n;
    let signal: Signal = GO;
    body((then) => {
      left = subtract(left, 1);
      signal = then();
      return signal !== GO || compare(left, 0) <= 0 ? STOP : GO;
    });
    return signal;
  }

  override each(): Each {
    const count = this.count.each();
    const body = this.body.each();
    return (frame, input, out) =>
      count(frame, input, (n) =>
        this.take(n, (taking) => body(frame, input, (value) => taking(() => out(value)))),
      );
  }

  override paths(): Paths {
    const count = this.count.each();
    const body = this.body.paths();
    return (frame, place, input, out) =>
      count(frame, input, (n) =>
        this.take(n, (taking) =>
          body(frame, place, input, (reached, value) => taking(() => out(reached, value))),
        ),
      );
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
      let text: TextBuilder | undefined;
      // An array made here may grow in place; one from the input may not.
      const own = new OwnContainers();
      body(frame, input, (value) => {
        if (typeof sum === 'string' && typeof value === 'string') {
          step();
          if (text === undefined) {
            text = new TextBuilder();
            build(sum.length);
            text.append(sum);
          }
          build(value.length);
          text.append(value);
          return GO;
        }
        if (text !== undefined) {
          sum = text.end();
          text = undefined;
        }
        meter.at = at;
        sum = own.add(sum, value);
        return GO;
      });
      return text === undefined ? sum : text.end();
    };
  }
}
