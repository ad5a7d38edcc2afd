import { Failure } from '../run/failure';
import { meter, refill } from '../run/meter';
import { get } from '../values/access';
import type { Json } from '../values/json';
import { brief } from '../values/print';
import {
  GO,
  isSame,
  MANY,
  Node,
  ONE,
  raiseLost,
  STOP,
  widest,
  type Card,
  type Each,
  type Frame,
  type One,
  type Paths,
  type Place,
  type Signal,
} from './node';

/** A pattern whose variables have slots. */
export type SlotPattern =
  | { readonly kind: 'variable'; readonly slot: number }
  | { readonly kind: 'parts'; readonly parts: readonly SlotPart[]; readonly at: number };

/** A part of a pattern: what is at a key goes into a slot, a pattern, or both. */
export interface SlotPart {
  readonly key: Node;
  readonly slot: number | undefined;
  readonly pattern: SlotPattern | undefined;
}

/** Destructures a value; runs `then` for each way to do so. */
type Binder = (frame: Frame, value: Json, then: () => Signal) => Signal;

function binder(pattern: SlotPattern): Binder {
  if (pattern.kind === 'variable') {
    const { slot } = pattern;
    return (frame, value, then) => {
      frame[slot] = value;
      return then();
    };
  }
  const { at } = pattern;
  const parts = pattern.parts.map(({ key, slot, pattern: inner }) => ({
    key: key.each(),
    slot,
    bind: inner === undefined ? undefined : binder(inner),
  }));
  const bindFrom = (frame: Frame, value: Json, index: number, then: () => Signal): Signal => {
    const part = parts[index];
    if (part === undefined) return then();
    const rest = () => bindFrom(frame, value, index + 1, then);
    return part.key(frame, value, (key) => {
      meter.at = at;
      const found = get(value, key);
      if (part.slot !== undefined) frame[part.slot] = found;
      return part.bind === undefined ? rest() : part.bind(frame, found, rest);
    });
  };
  return (frame, value, then) => bindFrom(frame, value, 0, then);
}

/** Destructures a value within a path expression; `then` gets the place reached by that. */
type PlaceBinder = (
  frame: Frame,
  place: Place,
  value: Json,
  then: (place: Place) => Signal,
) => Signal;

/**
 * Within a path expression jq takes what a pattern looks up for a step of the path. That makes
 * patterns next to useless there, but it is what jq does.
 */
function placeBinder(pattern: SlotPattern): PlaceBinder {
  if (pattern.kind === 'variable') {
    const { slot } = pattern;
    return (frame, place, value, then) => {
      frame[slot] = value;
      return then(place);
    };
  }
  const { at } = pattern;
  const parts = pattern.parts.map(({ key, slot, pattern: inner }) => ({
    key: key.each(),
    slot,
    bind: inner === undefined ? undefined : placeBinder(inner),
  }));
  const bindFrom = (
    frame: Frame,
    place: Place,
    value: Json,
    index: number,
    then: (place: Place) => Signal,
  ): Signal => {
    const part = parts[index];
    if (part === undefined) return then(place);
    return part.key(frame, value, (key) => {
      if (!isSame(value, place.value)) {
        raiseLost(at, `near attempt to access element ${brief(key)} of`, value);
      }
      meter.at = at;
      const found = get(value, key);
      const reached = { parent: place, key, value: found };
      const rest = (after: Place) => bindFrom(frame, after, value, index + 1, then);
      if (part.slot !== undefined) frame[part.slot] = found;
      return part.bind === undefined ? rest(reached) : part.bind(frame, reached, found, rest);
    });
  };
  return (frame, place, value, then) => bindFrom(frame, place, value, 0, then);
}

/** One or more patterns (`?//`), with the slots of all their variables. */
export class Destructuring {
  constructor(
    readonly patterns: readonly SlotPattern[],
    readonly slots: readonly number[],
  ) {}

  /** The slot, where the pattern is only `$name`. */
  get onlySlot(): number | undefined {
    const [first] = this.patterns;
    return this.patterns.length === 1 && first?.kind === 'variable' ? first.slot : undefined;
  }

  /** How often the body can run for one value. */
  get card(): Card {
    if (this.patterns.length > 1) return MANY;
    const card = (pattern: SlotPattern): Card =>
      pattern.kind === 'variable'
        ? ONE
        : widest(
            ...pattern.parts.flatMap(({ key, pattern: inner }) => [
              key.card,
              inner === undefined ? ONE : card(inner),
            ]),
          );
    return widest(...this.patterns.map(card));
  }

  /**
   * Binds by the first pattern; an error there, in the body, or in what comes after goes on to
   * the next pattern.
   */
  binder(): Binder {
    const binders = this.patterns.map(binder);
    const [only] = binders;
    if (binders.length === 1 && only !== undefined) return only;
    return (frame, value, then) =>
      this.tryEach(frame, binders.length, (i) => (binders[i] as Binder)(frame, value, then));
  }

  /** The same within a path expression. */
  placeBinder(): PlaceBinder {
    const binders = this.patterns.map(placeBinder);
    const [only] = binders;
    if (binders.length === 1 && only !== undefined) return only;
    return (frame, place, value, then) =>
      this.tryEach(frame, binders.length, (i) =>
        (binders[i] as PlaceBinder)(frame, place, value, then),
      );
  }

  private tryEach(frame: Frame, count: number, run: (index: number) => Signal): Signal {
    for (let i = 0; ; i += 1) {
      for (const slot of this.slots) frame[slot] = null;
      if (i === count - 1) return run(i);
      try {
        return run(i);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
      }
    }
  }
}

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
      bind(frame, value, () => {
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
        if ((meter.left -= 1) < 0) refill();
        return bind(frame, value, () => body(frame, input, out));
      });
  }

  override paths(): Paths {
    const source = this.source.each();
    const bind = this.destructuring.placeBinder();
    const body = this.body.paths();
    return (frame, place, input, out) =>
      source(frame, input, (value) =>
        bind(frame, place, value, (reached) => body(frame, reached, input, out)),
      );
  }
}

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
    if (slot !== undefined && this.update.card !== MANY) {
      const update = this.update.one();
      return (frame, input, init) => {
        let state = init;
        source(frame, input, (value) => {
          if ((meter.left -= 1) < 0) refill();
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
        bind(frame, value, () => {
          if ((meter.left -= 1) < 0) refill();
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
    const bind = this.destructuring.placeBinder();
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
          bind(frame, value, () => {
            if ((meter.left -= 1) < 0) refill();
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
    const bind = this.destructuring.placeBinder();
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
