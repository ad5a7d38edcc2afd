import { build, step, steps } from '../run/meter';
import { describe, raise } from '../run/raise';
import { equal } from './compare';
import { isObject, kindOf, type Json, type JsonObject } from './json';
import { copyObject, member, ownKeys, put } from './object';
import { codePointLength, sliceCodePoints } from './strings';

/** The largest of C's integers: jq keeps array indices in 32 bits. */
export const largestInt = 2 ** 31 - 1;

/** The largest index jq sets. */
const largestIndex = largestInt >> 2;

/** The nearest of C's integers, rounded toward zero. */
export function toInt(value: number): number {
  return Math.trunc(Math.max(-largestInt - 1, Math.min(largestInt, value)));
}

/**
 * The bounds of a slice: [start, end) within 0..length. Null stands for the start or the end of
 * the whole; a slice object must have both.
 */
export function sliceBounds(
  length: number,
  from: Json | undefined,
  to: Json | undefined,
): readonly [number, number] {
  const first = from === null ? 0 : from;
  const last = to === null ? length : to;
  if (typeof first !== 'number' || typeof last !== 'number') {
    raise('Array/string slice indices must be integers');
  }
  let start = first !== first ? 0 : first;
  if (start < 0) start = Math.max(0, start + length);
  start = Math.trunc(Math.min(start, length));
  let wanted = last !== last ? length : last;
  if (wanted < 0) wanted += length;
  if (wanted < 0) wanted = start;
  // The start is rounded down, the end up.
  const end = Math.min(length, Math.ceil(Math.min(wanted, length)));
  return [start, Math.max(start, end)];
}

/** `.[from:to]` of an array or string. */
export function slice(value: Json, from: Json | undefined, to: Json | undefined): Json {
  if (value === null) return null;
  if (Array.isArray(value)) {
    const [start, end] = sliceBounds(value.length, from, to);
    build(8 * (end - start));
    return value.slice(start, end);
  }
  if (typeof value === 'string') {
    const [start, end] = sliceBounds(codePointLength(value), from, to);
    return sliceCodePoints(value, start, end);
  }
  return refuse(value, { start: from ?? null, end: to ?? null });
}

function refuse(value: Json, key: Json): never {
  raise(`Cannot index ${kindOf(value)} with ${describe(key)}`);
}

function positionsOf(array: readonly Json[], part: readonly Json[]): number[] {
  const found: number[] = [];
  if (part.length === 0) return found;
  for (let i = 0; i < array.length; i += 1) {
    step();
    if (part.every((value, j) => equal(array[i + j] ?? null, value) && i + j < array.length)) {
      build(8);
      found.push(i);
    }
  }
  return found;
}

/** `.[key]`: jq's indexing of anything by anything. */
export function get(value: Json, key: Json): Json {
  if (typeof key === 'string') {
    if (value === null) return null;
    if (isObject(value)) return member(value, key) ?? null;
  } else if (typeof key === 'number') {
    if (value === null) return null;
    if (Array.isArray(value)) {
      if (key !== key) return null;
      const index = toInt(key);
      return value[index < 0 ? index + value.length : index] ?? null;
    }
  } else if (isObject(key)) {
    if (value === null) return null;
    if (Array.isArray(value) || typeof value === 'string') {
      return slice(value, member(key, 'start'), member(key, 'end'));
    }
  } else if (Array.isArray(key) && Array.isArray(value)) return positionsOf(value, key);
  return refuse(value, key);
}

function setSlice(array: readonly Json[], key: JsonObject, value: Json): Json {
  const [start, end] = sliceBounds(array.length, member(key, 'start'), member(key, 'end'));
  if (!Array.isArray(value)) raise('A slice of an array can only be assigned another array');
  build(8 * (array.length + value.length));
  steps((array.length + value.length) >> 3);
  return [...array.slice(0, start), ...value, ...array.slice(end)];
}

/** The index of an element to be set in an array of this length; raises where there can be none. */
export function indexToSet(length: number, key: number): number {
  if (key !== key) raise('Cannot set array element at NaN index');
  let index = toInt(key);
  if (index < 0) index += length;
  if (index < 0) raise('Out of bounds negative array index');
  if (index > largestIndex) raise('Array index too large');
  return index;
}

/** Sets an element of an array that may be changed in place, growing it with nulls. */
export function putElement(array: Json[], key: number, value: Json): void {
  const index = indexToSet(array.length, key);
  if (index > array.length) {
    build(8 * (index - array.length));
    steps(index - array.length);
    while (array.length < index) array.push(null);
  }
  array[index] = value;
}

/** Whether a key can be set wherever it can be read. */
export function isSettable(key: Json): boolean {
  return typeof key === 'string' || (typeof key === 'number' && key >= 0 && key <= largestIndex);
}

/** A copy of the container with the value at the key. */
export function set(container: Json, key: Json, value: Json): Json {
  if (typeof key === 'string' && (container === null || isObject(container))) {
    const copy = container === null ? {} : copyOf(container);
    put(copy, key, value);
    return copy;
  }
  if (typeof key === 'number' && (container === null || Array.isArray(container))) {
    const copy = container === null ? [] : copyOf(container);
    putElement(copy, key, value);
    return copy;
  }
  if (isObject(key)) {
    if (container === null || Array.isArray(container)) {
      return setSlice(container ?? [], key, value);
    }
    if (typeof container === 'string') raise('Cannot update string slices');
  }
  refuseUpdate(container, key);
}

/** Raises jq's error about a key that cannot be set in a container. */
export function refuseUpdate(container: Json, key: Json): never {
  raise(`Cannot update field at ${kindOf(key)} index of ${kindOf(container)}`);
}

/** A shallow copy of a container, counted. */
export function copyOf(container: Json[]): Json[];
export function copyOf(container: JsonObject): JsonObject;
export function copyOf(container: Json[] | JsonObject): Json[] | JsonObject {
  if (Array.isArray(container)) {
    build(16 + 8 * container.length);
    steps(1 + (container.length >> 4));
    return container.slice();
  }
  const keys = ownKeys(container);
  const size = keys.length;
  build(64 + 16 * size);
  steps(1 + (size >> 2));
  return copyObject(container, keys);
}

/** jq's `has`. */
export function has(container: Json, key: Json): boolean {
  if (container === null) return false;
  if (isObject(container) && typeof key === 'string') return member(container, key) !== undefined;
  if (Array.isArray(container) && typeof key === 'number') {
    const index = Math.trunc(key);
    return index >= 0 && index < container.length;
  }
  raise(`Cannot check whether ${kindOf(container)} has a ${kindOf(key)} key`);
}
