import { step } from '../run/meter';
import type { Json, JsonObject } from './json';
import { copyObject, ownKeys, put } from './object';

type Container = Json[] | JsonObject;

/**
 * The value as JSON can carry it: null for NaN, the largest number for infinity, as jq prints
 * them. What needs no change is shared. Without recursion, since values may be deep.
 */
export function finite(root: Json): Json {
  const holder: Json[] = [root];
  const work: Container[] = [holder];
  const copies = new Map<Container, Container>();
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const container = next;
    if (Array.isArray(container)) {
      for (let i = 0; i < container.length; i += 1) {
        step();
        container[i] = shallow(container[i] as Json, copies, work);
      }
    } else {
      for (const key of ownKeys(container)) {
        step();
        put(container, key, shallow(container[key] as Json, copies, work));
      }
    }
  }
  return holder[0] as Json;
}

/** A number that JSON can carry, or a copy of a container, whose inside is yet to be done. */
function shallow(value: Json, copies: Map<Container, Container>, work: Container[]): Json {
  if (typeof value === 'number') return value - value === 0 ? value : printable(value);
  if (typeof value !== 'object' || value === null) return value;
  let copy = copies.get(value);
  if (copy === undefined) {
    copy = Array.isArray(value) ? value.slice() : copyObject(value);
    copies.set(value, copy);
    work.push(copy);
  }
  return copy;
}

function printable(value: number): number | null {
  if (value !== value) return null;
  return Math.sign(value) * Number.MAX_VALUE;
}
