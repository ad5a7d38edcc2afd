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

/** What the request of a call may weigh: its text is made and sent in one go, some 5 ms for each MB. */
export const MOST_REQUEST = 8 * 1024 * 1024;

/** What an address, a header or a text of an error may weigh: far more than any server takes. */
export const MOST_TEXT = 1024 * 1024;

/** What an advance hands out in events and inputs of sub-flows before it yields. */
export const MOST_HANDED_OUT = 4 * 1024 * 1024;

/** Values between two looks at the clock: some 0.2 ms. */
const VALUES_BETWEEN_LOOKS = 4_096;

/**
 * About the characters of a value's JSON. What is shared counts wherever it stands. Not much more than `enough` is
 * weighed. `look` ends it when it takes too long.
 */
export function weightOf(value: Json, enough: number, look?: () => void): number {
  let weight = 0;
  let values = 0;
  const work: Json[] = [value];
  for (let next = work.pop(); next !== undefined && weight <= enough; next = work.pop()) {
    values += 1;
    if (values % VALUES_BETWEEN_LOOKS === 0) look?.();
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

/**
 * Weights of large values: a loop over a long list holds the same list in every advance, and what a task adds to a large
 * value holds its parts.
 */
const known = new WeakMap<object, number>();
const LARGE = 10_000;
/** Levels of a value whose parts are kept by themselves. */
const LEVELS = 3;

function stateWeightOf(value: Json, look: () => void, level = 0): number {
  if (typeof value !== 'object' || value === null) return weightOf(value, MOST_STATE);
  const before = known.get(value);
  if (before !== undefined) return before;
  const weight =
    level < LEVELS ? sumOfParts(value, look, level) : weightOf(value, MOST_STATE, look);
  if (weight > LARGE) known.set(value, weight);
  return weight;
}

function sumOfParts(
  value: Json[] | { [key: string]: Json },
  look: () => void,
  level: number,
): number {
  const isList = Array.isArray(value);
  const keys = isList ? [] : Object.keys(value);
  const parts = isList ? value : Object.values(value);
  let weight = 4 * parts.length + keys.reduce((sum, key) => sum + key.length, 0);
  for (const [index, part] of parts.entries()) {
    if (index % VALUES_BETWEEN_LOOKS === VALUES_BETWEEN_LOOKS - 1) look();
    weight += stateWeightOf(part, look, level + 1);
    if (weight > MOST_STATE) break;
  }
  return weight;
}

/** Whether the data of an execution at rest is more than can be stored. `look` ends it when it takes too long. */
export function isTooHeavy(state: ExecutionState, look: () => void): boolean {
  const values = [state.context, state.input ?? null, ...branchesOf(state.root).flatMap(dataOf)];
  let left = MOST_STATE;
  return values.some((value) => (left -= stateWeightOf(value, look)) < 0);
}

function dataOf({ frames, next }: Branch): Json[] {
  const held = frames.flatMap(({ input, rawInput, items }) => [input, rawInput, items]);
  return [...held, next?.input].filter((value) => value !== undefined);
}
