import { build, step, steps } from '../run/meter';
import { describe, raise, raiseAbout, raiseAboutBoth } from '../run/raise';
import { subtract } from '../values/arithmetic';
import { compare, comparison, equal } from '../values/compare';
import { isObject, type Json } from '../values/json';
import { get } from '../values/access';
import { ownKeys, ownValues } from '../values/object';
import { inOrder, orderOf, sorted } from '../values/sort';
import { codePointLength } from '../values/strings';

function inputOf(input: Json, keys: Json): readonly [Json[], Json[]] {
  if (!Array.isArray(input) || !Array.isArray(keys) || input.length !== keys.length) {
    raiseAboutBoth(input, keys, 'cannot be sorted, as they are not both arrays');
  }
  build(48 * input.length);
  steps(input.length);
  return [input, keys];
}

/** `sort_by`, given the keys. */
export function sortBy(input: Json, keys: Json): Json {
  const [values, by] = inputOf(input, keys);
  return inOrder(values, orderOf(by, comparison(by)));
}

/** So many elements are put into a table at once; a larger one would grow for too long. */
const mostInTable = 100_000;

/**
 * The elements by their keys, in no order; undefined where a key is a container or NaN, which
 * equal by more than being the same.
 */
function tableOf(values: readonly Json[], keys: readonly Json[]): Map<Json, Json[]> | undefined {
  if (values.length > mostInTable) return undefined;
  const table = new Map<Json, Json[]>();
  for (let i = 0; i < keys.length; i += 1) {
    step();
    const key = keys[i] as Json;
    if (key !== key || (typeof key === 'object' && key !== null)) return undefined;
    if (typeof key === 'string') steps(key.length >> 8);
    const group = table.get(key);
    if (group === undefined) table.set(key, [values[i] as Json]);
    else group.push(values[i] as Json);
  }
  return table;
}

/** `group_by`, given the keys. */
export function groupBy(input: Json, keys: Json): Json[][] {
  const [values, by] = inputOf(input, keys);
  const table = tableOf(values, by);
  if (table !== undefined) {
    return sorted([...table.keys()], comparison(by)).map((key) => table.get(key) as Json[]);
  }
  const groups: Json[][] = [];
  let previous: Json | undefined;
  const order = orderOf(by, comparison(by));
  for (let i = 0; i < order.length; i += 1) {
    step();
    const index = order[i] as number;
    const key = by[index] as Json;
    const group = previous !== undefined && equal(previous, key) ? groups.at(-1) : undefined;
    if (group !== undefined) group.push(values[index] as Json);
    else {
      groups.push([values[index] as Json]);
      previous = key;
    }
  }
  return groups;
}

/** `unique_by`, given the keys. */
export function uniqueBy(input: Json, keys: Json): Json {
  return groupBy(input, keys).map((group) => group[0] as Json);
}

function extreme(input: Json, keys: Json, sign: 1 | -1): Json {
  if (!Array.isArray(input) || !Array.isArray(keys)) {
    raiseAboutBoth(input, keys, 'cannot be iterated over');
  }
  let best = 0;
  for (let i = 1; i < input.length; i += 1) {
    const order = compare(keys[i] as Json, keys[best] as Json);
    if (order < 0 === sign < 0) best = i;
  }
  return input[best] ?? null;
}

/** `min_by`, given the keys. */
export function minimumBy(input: Json, keys: Json): Json {
  return extreme(input, keys, -1);
}

/** `max_by`, given the keys; the last of equals. */
export function maximumBy(input: Json, keys: Json): Json {
  return extreme(input, keys, 1);
}

function sortable(input: Json): Json[] {
  if (Array.isArray(input)) return input;
  return raiseAbout(input, 'cannot be sorted, as it is not an array');
}

/** The elements or values of a container. */
export function iterable(input: Json): readonly Json[] {
  if (Array.isArray(input)) return input;
  if (isObject(input)) return ownValues(input);
  return raise(`Cannot iterate over ${describe(input)}`);
}

function flatten(input: Json, depth: Json): Json {
  const flat: Json[] = [];
  const waiting: [readonly Json[], number, Json][] = [[iterable(input), 0, depth]];
  for (let top = waiting.at(-1); top !== undefined; top = waiting.at(-1)) {
    const [array, index, left] = top;
    if (index >= array.length) {
      waiting.pop();
      continue;
    }
    step();
    top[1] = index + 1;
    const value = array[index] as Json;
    if (Array.isArray(value) && left !== 0) waiting.push([value, 0, subtract(left, 1)]);
    else {
      build(8);
      flat.push(value);
    }
  }
  return flat;
}

function binarySearch(input: Json, target: Json): Json {
  if (!Array.isArray(input)) return raiseAbout(input, 'cannot be searched from');
  let start = 0;
  let end = input.length;
  while (start < end) {
    const middle = (start + end) >> 1;
    const order = compare(target, input[middle] as Json);
    if (order === 0) return middle;
    if (order < 0) end = middle;
    else start = middle + 1;
  }
  return -1 - start;
}

function reverse(input: Json): Json {
  if (Array.isArray(input)) {
    build(8 * input.length);
    steps(input.length >> 6);
    return input.toReversed();
  }
  const count = lengthOf(input);
  return count > 0 ? get(input, count - 1) : [];
}

function transpose(input: Json): Json {
  const rows = iterable(input);
  const width = rows.reduce<number>((widest, row) => Math.max(widest, lengthOf(row)), 0);
  const columns: Json[] = [];
  for (let i = 0; i < width; i += 1) {
    steps(rows.length);
    build(16 + 8 * rows.length);
    columns.push(rows.map((row) => get(row, i)));
  }
  return columns;
}

function lengthOf(value: Json): number {
  if (Array.isArray(value)) return value.length;
  if (isObject(value)) return ownKeys(value).length;
  if (typeof value === 'string') return codePointLength(value);
  if (typeof value === 'number') return Math.abs(value);
  return value === null ? 0 : raiseAbout(value, 'has no length');
}

/** The builtins on arrays. */
export const arrays = {
  'length/0': lengthOf,
  'sort/0': (input: Json) => {
    const array = sortable(input);
    return sortBy(array, array);
  },
  'unique/0': (input: Json) => {
    const array = sortable(input);
    return uniqueBy(array, array);
  },
  'min/0': (input: Json) => minimumBy(input, input),
  'max/0': (input: Json) => maximumBy(input, input),
  'flatten/0': (input: Json) => flatten(input, -1),
  'flatten/1': (input: Json, depth: Json) => {
    if (compare(depth, 0) < 0) raise('flatten depth must not be negative');
    return flatten(input, depth);
  },
  'bsearch/1': binarySearch,
  'reverse/0': reverse,
  'transpose/0': transpose,
};
