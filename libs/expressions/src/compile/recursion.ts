import { build, step } from '../run/meter';

import { isObject, type Json, type JsonObject } from '../values/json';
import { copyObject, ownKeys } from '../values/object';
import { iteratePlaces } from './access';

import {
  GO,
  MANY,
  Node,
  STOP,
  type Each,
  type Frame,
  type One,
  type Out,
  type PathOut,
  type Paths,
  type Place,
  type Signal,
} from './node';

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
      step();
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
      const keys = ownKeys(object);
      const walked = copyObject(object, keys);
      for (const key of keys) {
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
        step();
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
        step();
        if (out(value) !== GO) return STOP;
        value = body(frame, value);
      }
      return GO;
    };
  }

  override paths(): Paths {
    const body = this.body.paths();
    const visit = (frame: Frame, place: Place, value: Json, out: PathOut): Signal => {
      step();
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
        step();
        if (out(value) !== GO) return STOP;
        if (Array.isArray(value)) {
          for (let i = value.length - 1; i >= 0; i -= 1) waiting.push(value[i] as Json);
        } else if (isObject(value)) {
          const keys = ownKeys(value);
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
        step();
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
