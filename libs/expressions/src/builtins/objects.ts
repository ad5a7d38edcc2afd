import { build, step, steps } from '../run/meter';
import { keyOf, raiseAbout } from '../run/raise';
import { get, has } from '../values/access';
import { isObject, kindOf, type Json, type JsonObject } from '../values/json';
import { KeyCount, ownKeys, put, sortedKeys } from '../values/object';
import { iterable } from './arrays';

function indicesOf(array: readonly Json[]): number[] {
  build(8 * array.length);
  return array.map((_, i) => (step(), i));
}

function keysOf(input: Json): Json[] {
  if (Array.isArray(input)) return indicesOf(input);
  if (isObject(input)) return ownKeys(input);
  return raiseAbout(input, 'has no keys');
}

function keysInOrder(input: Json): Json[] {
  if (!isObject(input)) return keysOf(input);
  const keys = sortedKeys(input);
  steps(keys.length);
  build(8 * keys.length);
  return keys;
}

/** `to_entries` */
export function toEntries(input: Json): Json {
  const keys = keysOf(input);
  build(80 * keys.length);
  if (isObject(input)) {
    return keys.map((key) => (step(), { key, value: input[key as string] as Json }));
  }
  return keys.map((key) => (step(), { key, value: get(input, key) }));
}

const keyNames = ['key', 'Key', 'name', 'Name'];

function entryKey(entry: Json): Json {
  let key: Json = null;
  for (const name of keyNames) {
    key = get(entry, name);
    if (key !== null && key !== false) break;
  }
  return key;
}

/** `from_entries` */
export function fromEntries(input: Json): Json {
  const object: JsonObject = {};
  const size = new KeyCount();
  for (const entry of iterable(input)) {
    step();
    build(32);
    const key = entryKey(entry);
    const value = has(entry, 'value') ? get(entry, 'value') : get(entry, 'Value');
    put(object, keyOf(key), value);
    size.count(object);
  }
  return object;
}

/** The builtins on objects. */
export const objects = {
  'keys/0': keysInOrder,
  'keys_unsorted/0': keysOf,
  'has/1': has,
  'to_entries/0': toEntries,
  'from_entries/0': fromEntries,
  'type/0': kindOf,
};
