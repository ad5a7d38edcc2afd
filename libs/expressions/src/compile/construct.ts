import { failure } from '../run/failure';
import { build, meter, step } from '../run/meter';
import { keyComplaint } from '../run/raise';
import { formatter } from '../builtins/formats';
import { get } from '../values/access';
import type { Json, JsonObject } from '../values/json';
import { put } from '../values/object';
import { Literal } from './basic';
import {
  GO,
  MANY,
  Node,
  ONE,
  widest,
  type Each,
  type Frame,
  type One,
  type Out,
  type Paths,
  type Place,
} from './node';

/** `[a]` */
export class ArrayOf extends Node {
  constructor(
    readonly body: Node,
    at: number,
  ) {
    super(ONE, at);
  }

  override one(): One {
    if (this.body.card === MANY) {
      const each = this.body.each();
      return (frame, input) => {
        const array: Json[] = [];
        build(16);
        each(frame, input, (value) => {
          step();
          build(16);
          array.push(value);
          return GO;
        });
        return array;
      };
    }
    const body = this.body.one();
    return (frame, input) => {
      build(24);
      const value = body(frame, input);
      return value === undefined ? [] : [value];
    };
  }

  override paths(): Paths {
    const collect = collectAlong(this.body);
    return (frame, place, input, out) => out(place, collect(frame, place, input));
  }
}

/** Runs code within a path expression for its values; what it follows must still be there. */
export function collectAlong(body: Node): (frame: Frame, place: Place, input: Json) => Json[] {
  const paths = body.paths();
  return (frame, place, input) => {
    const found: Json[] = [];
    paths(frame, place, input, (_, value) => {
      step();
      build(8);
      found.push(value);
      return GO;
    });
    return found;
  };
}

/** A key and its value; undefined: the input's value at that key. */
export interface Entry {
  readonly key: Node;
  readonly value: Node | undefined;
}

function checkedKey(key: Json, at: number): string {
  if (typeof key === 'string') return key;
  throw failure(keyComplaint(key), at);
}

function memberOf(input: Json, key: Json, at: number): Json {
  meter.at = at;
  return get(input, key);
}

/** `{a: b}`; the first entry varies slowest. */
export class ObjectOf extends Node {
  constructor(
    readonly entries: readonly Entry[],
    at: number,
  ) {
    super(widest(...entries.flatMap(({ key, value }) => [key.card, value?.card ?? ONE])), at);
  }

  override one(): One {
    const { entries, at } = this;
    const size = 48 + 16 * entries.length;
    if (entries.every(({ key }) => key instanceof Literal)) return this.withConstantKeys(size);
    const keys = entries.map(({ key }) => key.one());
    const values = entries.map(({ value }) => value?.one());
    return (frame, input) => {
      build(size);
      const object: JsonObject = {};
      for (let i = 0; i < keys.length; i += 1) {
        const key = (keys[i] as One)(frame, input);
        if (key === undefined) return undefined;
        const read = values[i];
        const value = read === undefined ? memberOf(input, key, at) : read(frame, input);
        if (value === undefined) return undefined;
        put(object, checkedKey(key, at), value);
      }
      return object;
    };
  }

  private withConstantKeys(size: number): One {
    const names = this.entries.map(({ key }) => checkedKey((key as Literal).value, this.at));
    const values = this.entries.map(({ value }) => (value as Node).one());
    const count = names.length;
    return (frame, input) => {
      build(size);
      const object: JsonObject = {};
      for (let i = 0; i < count; i += 1) {
        const value = (values[i] as One)(frame, input);
        if (value === undefined) return undefined;
        put(object, names[i] as string, value);
      }
      return object;
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const { at } = this;
    const keys = this.entries.map(({ key }) => key.each());
    const values = this.entries.map(({ value }) => value?.each());
    const fill = (frame: Frame, input: Json, index: number, pairs: Json[], out: Out): 0 | 1 | 2 => {
      const keyEach = keys[index];
      const valueEach = values[index];
      if (keyEach === undefined) {
        build(48 + 16 * keys.length);
        const object: JsonObject = {};
        for (let i = 0; i < pairs.length; i += 2) {
          put(object, pairs[i] as string, pairs[i + 1] as Json);
        }
        return out(object);
      }
      return keyEach(frame, input, (key) => {
        const add = (value: Json) => {
          step();
          pairs[2 * index] = checkedKey(key, at);
          pairs[2 * index + 1] = value;
          return fill(frame, input, index + 1, pairs, out);
        };
        if (valueEach === undefined) return add(memberOf(input, key, at));
        return valueEach(frame, input, add);
      });
    };
    return (frame, input, out) => fill(frame, input, 0, [], out);
  }
}

/** A string with interpolations; the last one varies slowest. */
export class Interpolation extends Node {
  private readonly convert: (value: Json) => string;

  constructor(
    readonly parts: readonly (string | Node)[],
    format: string,
    at: number,
  ) {
    super(widest(...parts.map((part) => (typeof part === 'string' ? ONE : part.card))), at);
    this.convert = formatter(format);
  }

  override one(): One {
    const { convert, at } = this;
    const parts = this.parts.map((part) => (typeof part === 'string' ? part : part.one()));
    const count = parts.length;
    return (frame, input) => {
      let text = '';
      for (let i = count - 1; i >= 0; i -= 1) {
        const part = parts[i] as string | One;
        if (typeof part === 'string') text = part + text;
        else {
          const value = part(frame, input);
          if (value === undefined) return undefined;
          meter.at = at;
          text = convert(value) + text;
        }
      }
      build(text.length);
      return text;
    };
  }

  override each(): Each {
    if (this.card !== MANY) return super.each();
    const { convert, at } = this;
    const parts = this.parts.map((part) => (typeof part === 'string' ? part : part.each()));
    const prepend = (
      frame: Frame,
      input: Json,
      index: number,
      text: string,
      out: Out,
    ): 0 | 1 | 2 => {
      const part = parts[index];
      if (part === undefined) {
        build(text.length);
        return out(text);
      }
      if (typeof part === 'string') return prepend(frame, input, index - 1, part + text, out);
      return part(frame, input, (value) => {
        meter.at = at;
        return prepend(frame, input, index - 1, convert(value) + text, out);
      });
    };
    return (frame, input, out) => prepend(frame, input, parts.length - 1, '', out);
  }
}

/** `@name` */
export class Format extends Node {
  constructor(
    readonly name: string,
    at: number,
  ) {
    super(ONE, at);
  }

  override one(): One {
    const { at } = this;
    const convert = formatter(this.name);
    return (_, input) => {
      meter.at = at;
      return convert(input);
    };
  }
}
