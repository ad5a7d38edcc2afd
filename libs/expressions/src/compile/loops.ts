import { failure } from '../run/failure';
import { step } from '../run/meter';

import { isTrue, type Json } from '../values/json';

import {
  GO,
  MANY,
  Node,
  STOP,
  widest,
  type Each,
  type One,
  type Out,
  type Paths,
  type Place,
  type Signal,
} from './node';

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
        step();
        if (out(i) !== GO) return STOP;
      }
      return GO;
    };
    return (frame, input, out) =>
      from(frame, input, (start) => to(frame, input, (end) => run(start, end, out)));
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
        step();
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
        step();
        const more = condition(frame, state);
        if (more === undefined || !isTrue(more)) return GO;
        if (out(state) !== GO) return STOP;
        state = update(frame, state);
      }
      return GO;
    };
  }

  override paths(): Paths {
    const condition = this.condition.one();
    const update = this.update.paths();
    const isWhile = this.kind === 'while';
    return (frame, place, input, out) => {
      let reached: Place | undefined = place;
      let state = input;
      while (reached !== undefined) {
        step();
        const answer = condition(frame, state);
        if (answer === undefined) return GO;
        if (isWhile !== isTrue(answer)) return isWhile ? GO : out(reached, state);
        if (isWhile && out(reached, state) !== GO) return STOP;
        let next: Place | undefined;
        update(frame, reached, state, (updated, value) => {
          next = updated;
          state = value;
          return GO;
        });
        reached = next;
      }
      return GO;
    };
  }
}
