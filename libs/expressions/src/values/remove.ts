import { build, step, steps } from '../run/meter';
import { raise } from '../run/raise';
import { copyOf, get, indexToSet, refuseUpdate, set, sliceBounds } from './access';
import { compare, equal } from './compare';
import { isObject, kindOf, type Json, type JsonObject } from './json';
import { member } from './object';
import { sorted } from './sort';

function removeElements(array: readonly Json[], keys: readonly Json[]): Json[] {
  const gone = new Set<number>();
  const length = array.length;
  for (const key of keys) {
    step();
    if (typeof key === 'number') {
      const index = Math.trunc(key);
      gone.add(key < 0 ? index + length : index);
    } else if (isObject(key)) {
      const [start, end] = sliceBounds(length, member(key, 'start'), member(key, 'end'));
      steps(end - start);
      for (let i = start; i < end; i += 1) gone.add(i);
    } else raise(`Cannot delete ${kindOf(key)} element of array`);
  }
  build(8 * length);
  return array.filter((_, index) => (step(), !gone.has(index)));
}

function removeKeys(object: JsonObject, keys: readonly Json[]): JsonObject {
  const copy = copyOf(object);
  for (const key of keys) {
    if (typeof key !== 'string') raise(`Cannot delete ${kindOf(key)} field of object`);
    delete copy[key];
  }
  return copy;
}

function remove(container: Json, keys: readonly Json[]): Json {
  if (container === null || keys.length === 0) return container;
  if (Array.isArray(container)) return removeElements(container, keys);
  if (isObject(container)) return removeKeys(container, keys);
  raise(`Cannot delete fields from ${kindOf(container)}`);
}

function removeSorted(root: Json, paths: readonly (readonly Json[])[], depth: number): Json {
  const keys: Json[] = [];
  let result = root;
  for (let i = 0; i < paths.length;) {
    const path = paths[i] as readonly Json[];
    const key = path[depth] as Json;
    let j = i + 1;
    while (j < paths.length && equal(key, paths[j]?.[depth] as Json)) j += 1;
    if (path.length === depth + 1) keys.push(key);
    else {
      const inner = get(result, key);
      if (inner !== null) {
        result = set(result, key, removeSorted(inner, paths.slice(i, j), depth + 1));
      }
    }
    i = j;
  }
  return remove(result, keys);
}

/** The longest path jq follows. */
const longestPath = 10_000;

/** jq's `delpaths`. */
export function deletePaths(root: Json, paths: Json): Json {
  if (!Array.isArray(paths)) raise('Paths must be specified as an array');
  const ordered = sorted(paths, compare);
  const checked: Json[][] = [];
  for (const path of ordered) {
    step();
    if (!Array.isArray(path)) raise(`Path must be specified as array, not ${kindOf(path)}`);
    if (path.length > longestPath) raise('Path too deep');
    checked.push(path);
  }
  const first = checked[0];
  if (first === undefined) return root;
  if (first.length === 0) return null;
  return removeSorted(root, checked, 0);
}

function checkPath(path: Json): readonly Json[] {
  if (!Array.isArray(path)) raise('Path must be specified as an array');
  if (path.length > longestPath) raise('Path too deep');
  return path;
}

/** jq's `getpath`. */
export function getPath(root: Json, path: Json): Json {
  let value = root;
  for (const key of checkPath(path)) value = get(value, key);
  return value;
}

/** jq's `setpath`: containers along the path are copied, what is beside it is shared. */
export function setPath(root: Json, path: Json, value: Json): Json {
  const keys = checkPath(path);
  const containers: Json[] = [];
  let inner = root;
  for (const key of keys) {
    containers.push(inner);
    const next = get(inner, key);
    // jq looks whether the key can be set before it goes down.
    if (next === null || !isObject(key)) checkSettable(inner, key);
    inner = next;
  }
  let result = value;
  for (let i = keys.length - 1; i >= 0; i -= 1) {
    result = set(containers[i] as Json, keys[i] as Json, result);
  }
  return result;
}

function checkSettable(container: Json, key: Json): void {
  if (typeof key === 'string' || isObject(key)) return;
  if (typeof key !== 'number') refuseUpdate(container, key);
  indexToSet(Array.isArray(container) ? container.length : 0, key);
}
