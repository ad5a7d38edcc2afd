import { step, steps } from '../run/meter';
import type { Json, JsonObject } from './json';

type Container = Json[] | JsonObject;

/**
 * About the bytes that a value takes where it is written out: what is shared counts wherever it
 * stands, so that a few steps of `[., .]` weigh more than any machine holds. Not much more than
 * `enough` is weighed.
 */
export function weightOf(root: Json, enough: number): number {
  if (typeof root === 'string') return root.length;
  if (typeof root !== 'object' || root === null) return 8;
  let weight = 0;
  const work: Container[] = [root];
  const weigh = (value: Json): void => {
    if (typeof value === 'string') weight += value.length;
    else if (typeof value === 'object' && value !== null) work.push(value);
  };
  for (let next = work.pop(); next !== undefined && weight <= enough; next = work.pop()) {
    step();
    if (Array.isArray(next)) {
      steps(next.length >> 2);
      weight += 8 + 8 * next.length;
      for (let i = 0; i < next.length; i += 1) weigh(next[i] as Json);
    } else {
      let keys = 0;
      for (const key in next) {
        keys += 1;
        weight += key.length;
        weigh(next[key] as Json);
      }
      steps(keys);
      weight += 8 + 8 * keys;
    }
  }
  return weight;
}
