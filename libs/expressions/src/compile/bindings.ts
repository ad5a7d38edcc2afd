import { step } from '../run/meter';

import type { Json } from '../values/json';

import { GO, MANY, Node, STOP, widest, type Each, type One, type Paths } from './node';

import type { Destructuring } from './destructuring';

/** `a as $x | b` */
export class Bind extends Node {
  constructor(
    readonly source: Node,
    readonly destructuring: Destructuring,
    readonly body: Node,
    at: number,
  ) {
    super(widest(source.card, destructuring.card, body.card), at);
    this.tails = body.tails && destructuring.onlySlot !== undefined && source.card !== MANY;
  }

  override one(): One {
    return this.bindOne(this.body.one());
  }

  override tailOne(): One {
    return this.bindOne(this.tails ? this.body.tailOne() : this.body.one());
  }

  private bindOne(body: One): One {
    const source = this.source.one();
    const slot = this.destructuring.onlySlot;
    if (slot !== undefined) {
      return (frame, input) => {
        const value = source(frame, input);
        if (value === undefined) return undefined;
        frame[slot] = value;
        return body(frame, input);
      };
    }
    const bind = this.destructuring.binder();
    return (frame, input) => {
      const value = source(frame, input);
      if (value === undefined) return undefined;
      let result: Json | undefined;
      bind(frame, undefined, value, () => {
        result = body(frame, input);
        return GO;
      });
      return result;
    };
  }

  override each(): Each {
    return this.card === MANY ? this.bindEach(this.body.each()) : super.each();
  }

  override tailEach(): Each {
    if (this.card !== MANY) return super.tailEach();
    return this.tails ? this.bindEach(this.body.tailEach()) : this.each();
  }

  private bindEach(body: Each): Each {
    const slot = this.destructuring.onlySlot;
    if (slot !== undefined && this.source.card !== MANY) {
      const source = this.source.one();
      return (frame, input, out) => {
        const value = source(frame, input);
        if (value === undefined) return GO;
        frame[slot] = value;
        return body(frame, input, out);
      };
    }
    const source = this.source.each();
    const bind = this.destructuring.binder();
    return (frame, input, out) =>
      source(frame, input, (value) => {
        step();
        return bind(frame, undefined, value, () => body(frame, input, out));
      });
  }

  override paths(): Paths {
    const source = this.source.each();
    const bind = this.destructuring.binder();
    const body = this.body.paths();
    return (frame, place, input, out) =>
      source(frame, input, (value) =>
        bind(frame, place, value, (reached) => body(frame, reached, input, out)),
      );
  }
}

/** `foreach a as $x (init; update; extract)` */
export class Foreach extends Node {
  constructor(
    readonly source: Node,
    readonly destructuring: Destructuring,
    readonly init: Node,
    readonly update: Node,
    readonly extract: Node | undefined,
    at: number,
  ) {
    super(MANY, at);
  }

  override each(): Each {
    const init = this.init.each();
    const source = this.source.each();
    const bind = this.destructuring.binder();
    const update = this.update.each();
    const extract = this.extract?.each();
    return (frame, input, out) =>
      init(frame, input, (first) => {
        let state = first;
        return source(frame, input, (value) =>
          bind(frame, undefined, value, () => {
            step();
            const before = state;
            state = null;
            return update(frame, before, (next) => {
              state = next;
              return extract === undefined ? out(next) : extract(frame, next, out);
            });
          }),
        );
      });
  }

  override paths(): Paths {
    const init = this.init.paths();
    const source = this.source.paths();
    const bind = this.destructuring.binder();
    const update = this.update.paths();
    const extract = this.extract?.paths();
    return (frame, place, input, out) =>
      init(frame, place, input, (initPlace, first) => {
        let state = first;
        return source(frame, initPlace, input, (place, value) =>
          bind(frame, place, value, (reached) => {
            const before = state;
            state = null;
            const signal = update(frame, reached, before, (updated, next) => {
              state = next;
              return extract === undefined
                ? out(updated, next)
                : extract(frame, updated, next, out);
            });
            return signal === GO ? GO : STOP;
          }),
        );
      });
  }
}
