import type { Json, JsonObject } from './json';

// Objects are plain JavaScript objects, so that inputs and results need no conversion.
// Everything inherited from Object.prototype is a function, except `__proto__`, and no JSON
// value is a function: those two checks make every key an ordinary one.

/** The value at a key, or undefined where the object has no such key. */
export function member(object: JsonObject, key: string): Json | undefined {
  const value = object[key];
  if (value === undefined || typeof value === 'function') return undefined;
  return key === '__proto__' && !Object.hasOwn(object, key) ? undefined : value;
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

/** A shallow copy. */
export function copyObject(object: JsonObject): JsonObject {
  return { ...object };
}

/** The keys in jq's order: by code points. */
export function sortedKeys(object: JsonObject): string[] {
  return Object.keys(object).sort(compareStrings);
}

/** Compares strings by code points (JavaScript's own order is by UTF-16 units). */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
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
