import { Failure } from '../run/failure';
import { meter } from '../run/meter';
import { get } from '../values/access';
import type { Json } from '../values/json';
import {
  checkPlace,
  GO,
  MANY,
  Node,
  ONE,
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

/**
 * Destructures a value; runs `then` for each way to do so. Within a path expression jq takes what
 * a pattern looks up for a step of the path: `place` is where the value is, and `then` gets the
 * place that was reached. That makes patterns next to useless there, but it is what jq does.
 */
type Binder = <P extends Place | undefined>(
  frame: Frame,
  place: P,
  value: Json,
  then: (place: P) => Signal,
) => Signal;

function binder(pattern: SlotPattern): Binder {
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
    bind: inner === undefined ? undefined : binder(inner),
  }));
  const bindFrom = (index: number): Binder => {
    const part = parts[index];
    if (part === undefined) return (_, place, __, then) => then(place);
    const { key: keyOf, slot, bind } = part;
    const bindRest = bindFrom(index + 1);
    return <P extends Place | undefined>(
      frame: Frame,
      place: P,
      value: Json,
      then: (place: P) => Signal,
    ) =>
      keyOf(frame, value, (key) => {
        if (place !== undefined) checkPlace(place, key, value, at);
        meter.at = at;
        const found = get(value, key);
        if (slot !== undefined) frame[slot] = found;
        const reached = (place && { parent: place, key, value: found }) as P;
        const rest = (after: P) => bindRest(frame, after, value, then);
        return bind === undefined ? rest(reached) : bind(frame, reached, found, rest);
      });
  };
  return bindFrom(0);
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
    return (frame, place, value, then) => {
      for (const [i, bind] of binders.entries()) {
        for (const slot of this.slots) frame[slot] = null;
        try {
          return bind(frame, place, value, then);
        } catch (error) {
          if (i === binders.length - 1 || !(error instanceof Failure)) throw error;
        }
      }
      return GO;
    };
  }
}
