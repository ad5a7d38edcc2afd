import { Failure } from '../run/failure';
import { meter } from '../run/meter';
import { get } from '../values/access';
import type { Json } from '../values/json';
import { brief } from '../values/print';
import {
  isSame,
  MANY,
  Node,
  ONE,
  raiseLost,
  widest,
  type Card,
  type Frame,
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
