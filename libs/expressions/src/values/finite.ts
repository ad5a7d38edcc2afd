import { isObject, type Json, type JsonObject } from './json';
import { put } from './object';

/**
 * The value as JSON can carry it: null for NaN, the largest number for infinity, as jq prints
 * them. What needs no change is shared. Without recursion, since values may be deep.
 */
export function finite(root: Json): Json {
  const holder: Json[] = [root];
  const work: (Json[] | JsonObject)[] = [holder];
  const copies = new Map<Json[] | JsonObject, Json[] | JsonObject>();
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const container = next;
    for (const key of Object.keys(container)) {
      const value = (container as JsonObject)[key] as Json;
      if (typeof value === 'number') {
        if (value - value !== 0) (container as JsonObject)[key] = printable(value);
      } else if (Array.isArray(value) || isObject(value)) {
        let copy = copies.get(value);
        if (copy === undefined) {
          copy = Array.isArray(value) ? value.slice() : { ...value };
          copies.set(value, copy);
          work.push(copy);
        }
        put(container as JsonObject, key, copy);
      }
    }
  }
  return holder[0] as Json;
}

function printable(value: number): number | null {
  if (value !== value) return null;
  return value > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE;
}
