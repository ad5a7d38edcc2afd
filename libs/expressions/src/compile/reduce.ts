import { step } from '../run/meter';
import type { Json } from '../values/json';
import { OwnContainers } from '../values/own';
import type { Destructuring } from './destructuring';
import { stepperOf } from './in-place';
import { GO, MANY, Node, type Each, type Frame, type One, type Paths } from './node';

/** `reduce a as $x (init; update)` */
export class Reduce extends Node {
  constructor(
    readonly source: Node,
    readonly destructuring: Destructuring,
    readonly init: Node,
    readonly update: Node,
    at: number,
  ) {
    super(init.card, at);
  }

  /** Runs over the source from one initial state. */
  private loop(): (frame: Frame, input: Json, init: Json) => Json {
    const source = this.source.each();
    const slot = this.destructuring.onlySlot;
    const stepper = slot === undefined ? undefined : stepperOf(this.update);
    if (slot !== undefined && stepper !== undefined) {
      return (frame, input, init) => {
        let state: Json = init;
        const own = new OwnContainers();
        source(frame, input, (value) => {
          step();
          frame[slot] = value;
          state = stepper(frame, state, own);
          return GO;
        });
        return state;
      };
    }
    if (slot !== undefined && this.update.card !== MANY) {
      const update = this.update.one();
      return (frame, input, init) => {
        let state = init;
        source(frame, input, (value) => {
          step();
          frame[slot] = value;
          state = update(frame, state) ?? null;
          return GO;
        });
        return state;
      };
    }
    const bind = this.destructuring.binder();
    const update = this.update.each();
    return (frame, input, init) => {
      let state = init;
      source(frame, input, (value) =>
        bind(frame, undefined, value, () => {
          step();
          const before = state;
          state = null;
          return update(frame, before, (next) => {
            state = next;
            return GO;
          });
        }),
      );
      return state;
    };
  }

  override one(): One {
    const init = this.init.one();
    const loop = this.loop();
    return (frame, input) => {
      const first = init(frame, input);
      return first === undefined ? undefined : loop(frame, input, first);
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const init = this.init.each();
    const loop = this.loop();
    return (frame, input, out) => init(frame, input, (first) => out(loop(frame, input, first)));
  }

  override paths(): Paths {
    const init = this.init.paths();
    const source = this.source.paths();
    const bind = this.destructuring.binder();
    const update = this.update.paths();
    return (frame, place, input, out) =>
      init(frame, place, input, (initPlace, first) => {
        let state = first;
        source(frame, initPlace, input, (place, value) =>
          bind(frame, place, value, (reached) => {
            const before = state;
            state = null;
            return update(frame, reached, before, (_, next) => {
              state = next;
              return GO;
            });
          }),
        );
        return out(initPlace, state);
      });
  }
}
