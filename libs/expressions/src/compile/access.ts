import { Failure, failure } from '../run/failure';
import { meter, step } from '../run/meter';
import { describe } from '../run/raise';
import { get } from '../values/access';
import { isObject, type Json } from '../values/json';
import { member, ownKeys } from '../values/object';
import { Identity, Literal } from './basic';
import {
  checkPlace,
  GO,
  isSame,
  MANY,
  MAYBE,
  Node,
  ONE,
  raiseLost,
  STOP,
  widest,
  type Card,
  type Each,
  type Frame,
  type One,
  type PathOut,
  type Paths,
  type Place,
  type Signal,
} from './node';

const inherited = new Set(Object.getOwnPropertyNames(Object.prototype));

function cardOf(base: Card, optional: boolean): Card {
  return optional && base === ONE ? MAYBE : base;
}

/** Runs an access; what it raises is dropped where the access is optional (`.a?`). */
function optionally(access: () => Json): Json | undefined {
  try {
    return access();
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** Reads one key. */
type Read = (target: Json, key: Json) => Json | undefined;

/** `.[key]` of a target and a key that are both there. */
function reader(at: number, optional: boolean): Read {
  if (optional) {
    return (target, key) => {
      if (typeof key === 'string') {
        if (target === null) return null;
        return isObject(target) ? (member(target, key) ?? null) : undefined;
      }
      return optionally(() => get(target, key));
    };
  }
  return (target, key) => {
    meter.at = at;
    return get(target, key);
  };
}

/** `.name` with a constant name: the hottest of all nodes. */
function readField(
  name: string,
  at: number,
  optional: boolean,
): (target: Json) => Json | undefined {
  const slow = (target: Json): Json | undefined => {
    if (target === null) return null;
    if (isObject(target)) return member(target, name) ?? null;
    if (optional) return undefined;
    meter.at = at;
    return get(target, name);
  };
  if (inherited.has(name)) return slow;
  return (target) => {
    if (typeof target === 'object' && target !== null && !Array.isArray(target)) {
      const value = target[name];
      return value === undefined ? null : value;
    }
    return slow(target);
  };
}

/** `target[key]`; for each key, each target. */
export class Index extends Node {
  constructor(
    readonly target: Node,
    readonly key: Node,
    readonly optional: boolean,
    at: number,
  ) {
    super(cardOf(widest(target.card, key.card), optional), at);
  }

  override one(): One {
    const { key: keyNode, at, optional } = this;
    if (keyNode instanceof Literal && typeof keyNode.value === 'string') {
      const read = readField(keyNode.value, at, optional);
      if (this.target instanceof Identity) return (_, input) => read(input);
      const target = this.target.one();
      return (frame, input) => {
        const value = target(frame, input);
        return value === undefined ? undefined : read(value);
      };
    }
    const read = reader(at, optional);
    const key = keyNode.one();
    const target = this.target.one();
    return (frame, input) => {
      const k = key(frame, input);
      if (k === undefined) return undefined;
      const value = target(frame, input);
      return value === undefined ? undefined : read(value, k);
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const read = reader(this.at, this.optional);
    const key = this.key.each();
    const target = this.target.each();
    return (frame, input, out) =>
      key(frame, input, (k) =>
        target(frame, input, (value) => {
          const found = read(value, k);
          return found === undefined ? GO : out(found);
        }),
      );
  }

  override paths(): Paths {
    const { at, optional } = this;
    const key = this.key.each();
    const target = this.target.paths();
    const read = reader(at, optional);
    return (frame, place, input, out) =>
      key(frame, input, (k) =>
        target(frame, place, input, (reached, value) => {
          checkPlace(reached, k, value, at);
          const found = read(value, k);
          if (found === undefined) return GO;
          return out({ parent: reached, key: k, value: found }, found);
        }),
      );
  }
}

function refuse(value: Json, at: number): never {
  throw failure(`Cannot iterate over ${describe(value)}`, at);
}

/** Hands on the elements or values of a container. */
export function iterate(
  value: Json,
  optional: boolean,
  at: number,
  out: (value: Json) => Signal,
): Signal {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) {
      step();
      if (out(value[i] as Json) !== GO) return STOP;
    }
  } else if (isObject(value)) {
    for (const key of ownKeys(value)) {
      step();
      if (out(value[key] as Json) !== GO) return STOP;
    }
  } else if (!optional) refuse(value, at);
  return GO;
}

/** Hands on the places of the elements or values of a container. */
export function iteratePlaces(
  place: Place,
  value: Json,
  optional: boolean,
  at: number,
  out: PathOut,
): Signal {
  if (!isSame(value, place.value)) raiseLost(at, 'near attempt to iterate through', value);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) {
      step();
      const element = value[i] as Json;
      if (out({ parent: place, key: i, value: element }, element) !== GO) return STOP;
    }
  } else if (isObject(value)) {
    for (const key of ownKeys(value)) {
      step();
      const element = value[key] as Json;
      if (out({ parent: place, key, value: element }, element) !== GO) return STOP;
    }
  } else if (!optional) refuse(value, at);
  return GO;
}

/** `target[]` */
export class Iterate extends Node {
  constructor(
    readonly target: Node,
    readonly optional: boolean,
    at: number,
  ) {
    super(MANY, at);
  }

  override each(): Each {
    const { optional, at } = this;
    if (this.target.card === MANY) {
      const target = this.target.each();
      return (frame: Frame, input, out) =>
        target(frame, input, (value) => iterate(value, optional, at, out));
    }
    const target = this.target.one();
    return (frame, input, out) => {
      const value = target(frame, input);
      return value === undefined ? GO : iterate(value, optional, at, out);
    };
  }

  override paths(): Paths {
    const { optional, at } = this;
    const target = this.target.paths();
    return (frame, place, input, out) =>
      target(frame, place, input, (reached, value) =>
        iteratePlaces(reached, value, optional, at, out),
      );
  }
}
