import { mostKeys, reached, step, steps } from '../run/meter';
import type { Json, JsonObject } from './json';
import { sorted } from './sort';

// Objects are plain JavaScript objects, so that inputs and results need no conversion.
// Everything inherited from Object.prototype is a function, except `__proto__`, and no JSON
// value is a function: those two checks make every key an ordinary one.

/** The value at a key, or undefined where the object has no such key. */
export function member(object: JsonObject, key: string): Json | undefined {
  const value = object[key];
  if (value === undefined || typeof value === 'function') return undefined;
  return key === '__proto__' && !Object.hasOwn(object, key) ? undefined : value;
}

/** The entry of a table at a key that comes from outside, or undefined. */
export function ownEntry<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Sets a key of an object under construction. */
export function put(object: JsonObject, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  } else {
    object[key] = value;
  }
}

function checkSize(count: number): void {
  if (count > mostKeys) {
    reached('memory', `Evaluation built an object of more than ${mostKeys} keys`);
  }
}

/** Counts the keys of an object under construction: listing too many cannot be interrupted. */
export class KeyCount {
  constructor(private left = mostKeys) {}

  /** Called when a key was set, whether it is a new one or not. */
  count(object: JsonObject): void {
    this.left -= 1;
    if (this.left >= 0) return;
    const { length } = Object.keys(object);
    checkSize(length);
    steps(length);
    this.left = Math.max(mostKeys - length, mostKeys >> 3);
  }
}

/** Larger objects are counted when they are enumerated, and copied key by key. */
const large = 1024;

/**
 * The keys in the order of the object. Counted where there are many: the engine sorts them
 * before it hands on the first, which takes some 0.3 µs for each and cannot be interrupted.
 */
export function ownKeys(object: JsonObject): string[] {
  const keys = Object.keys(object);
  // Large objects are hash tables: looking a key up takes ten times as long as in a small one.
  if (keys.length > large) steps(3 * keys.length);
  return keys;
}

/** A shallow copy. */
export function copyObject(object: JsonObject, keys = ownKeys(object)): JsonObject {
  if (keys.length <= large) return { ...object };
  checkSize(keys.length);
  const copy: JsonObject = {};
  for (const key of keys) {
    step();
    put(copy, key, object[key] as Json);
  }
  return copy;
}

/** The values in the order of the object. */
export function ownValues(object: JsonObject): Json[] {
  const keys = ownKeys(object);
  return keys.map((key) => object[key] as Json);
}

/** The keys in jq's order: by code points. */
export function sortedKeys(object: JsonObject): string[] {
  return sorted(ownKeys(object), (a, b) => (step(), compareStrings(a, b)));
}

/** Compares strings by code points (JavaScript's own order is by UTF-16 units). */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    if ((i & 63) === 63) step();
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) {
      const bothHigh = x >= 0xd800 && y >= 0xd800;
      if (!bothHigh) return x - y;
      // A surrogate stands for a code point above every other unit.
      const xIsSurrogate = x <= 0xdfff;
      const yIsSurrogate = y <= 0xdfff;
      return xIsSurrogate === yIsSurrogate ? x - y : xIsSurrogate ? 1 : -1;
    }
  }
  return a.length - b.length;
}
