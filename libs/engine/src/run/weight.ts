import type { Json } from '@easyflow/expressions';
import { branchesOf, type Branch, type ExecutionState } from './state';

/**
 * What the data of an execution may weigh: half of the longest text that JSON.stringify can make. It goes on to the
 * end before it says that a text is too long, so a state of values that share their parts, a few steps of `[., .]`,
 * would hold its process for hours.
 */
export const MOST_STATE = 256 * 1024 * 1024;

/** What one event may weigh. Inputs and the responses of calls are of that size; brokers take far less. */
export const MOST_EVENT = 2 * 1024 * 1024;

/** What an advance hands out in events and inputs of sub-flows before it yields. */
export const MOST_HANDED_OUT = 4 * 1024 * 1024;

/**
 * About the characters of a value's JSON. What is shared counts wherever it stands. Not much more than `enough` is
 * weighed.
 */
export function weightOf(value: Json, enough: number): number {
  let weight = 0;
  const work: Json[] = [value];
  for (let next = work.pop(); next !== undefined && weight <= enough; next = work.pop()) {
    if (typeof next === 'string') weight += next.length;
    else if (Array.isArray(next)) {
      weight += 4 * next.length;
      for (const item of next) work.push(item);
    } else if (typeof next === 'object' && next !== null) {
      for (const key of Object.keys(next)) {
        weight += 4 + key.length;
        work.push(next[key] ?? null);
      }
    } else weight += 4;
  }
  return weight;
}

/** Weights of large values: a loop over a long list holds the same list in every advance. */
const known = new WeakMap<object, number>();
const LARGE = 10_000;

function stateWeightOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return weightOf(value, MOST_STATE);
  const before = known.get(value);
  if (before !== undefined) return before;
  const weight = weightOf(value, MOST_STATE);
  if (weight > LARGE) known.set(value, weight);
  return weight;
}

/** Whether the data of an execution at rest is more than can be stored. */
export function isTooHeavy(state: ExecutionState): boolean {
  const values = [state.context, state.input ?? null, ...branchesOf(state.root).flatMap(dataOf)];
  let left = MOST_STATE;
  return values.some((value) => (left -= stateWeightOf(value)) < 0);
}

function dataOf({ frames, next }: Branch): Json[] {
  const held = frames.flatMap(({ input, rawInput, items }) => [input, rawInput, items]);
  return [...held, next?.input].filter((value) => value !== undefined);
}
