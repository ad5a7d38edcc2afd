import { reached, step, steps } from '../run/meter';
import type { Json, JsonObject } from './json';

type Container = Json[] | JsonObject;

/**
 * Adds about the bytes that a value takes where it is written out to those before: what is shared
 * counts wherever it stands, so that a few steps of `[., .]` weigh more than any machine holds.
 * Ends the evaluation at more than `most`.
 */
export function addWeight(root: Json, most: number, before = 0): number {
  let weight = before;
  const work: Container[] = [];
  const weigh = (value: Json): void => {
    if (typeof value === 'string') weight += value.length;
    else if (typeof value === 'object' && value !== null) work.push(value);
  };
  weigh(root);
  for (let next = work.pop(); next !== undefined && weight <= most; next = work.pop()) {
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
  if (weight > most) reached('memory', `The results take more than ${most} bytes`);
  return weight;
}
