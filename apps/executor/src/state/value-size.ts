import type { Json } from '@easyflow/engine';

/** A value of fewer characters than this is written wherever it stands in the state, not in a row of its own. */
export const LARGE = 1_024;

/**
 * A part of a stored value that can be referred to has so many: ten times what a reference takes, so that results of
 * a few hundred characters that a context gathers are written once too.
 */
export const PART = 256;

/**
 * A state of at most so many characters is stored whole: it stays in its row of the table, so another row would cost
 * more than it spares.
 */
export const SMALL_STATE = 2_000;

/** About the characters of a number, true, false or null. */
export const SCALAR_SIZE = 4;

/** And of the punctuation of an item or member. */
export const OWN_SIZE = 4;

/**
 * Whether a value takes at most so many characters and has no known part. Looks at no more of it, but the engine lists
 * all keys of an object at once: so what is known must not be looked at again.
 */
export function isWithin(
  value: Json,
  limit: number,
  known?: { has(part: object | string): boolean },
): boolean {
  return remaining(value, limit, known) >= 0;
}

const NOT_WITHIN = -1;

function remaining(
  value: Json,
  limit: number,
  known: { has(part: object | string): boolean } | undefined,
): number {
  if (typeof value === 'string') return limit - value.length;
  if (typeof value !== 'object' || value === null) return limit - SCALAR_SIZE;
  if (known?.has(value)) return NOT_WITHIN;
  let left = limit;
  if (Array.isArray(value)) {
    left -= OWN_SIZE * value.length;
    for (let index = 0; index < value.length && left >= 0; index += 1) {
      left = remaining(value[index] as Json, left, known);
    }
    return left;
  }
  for (const key in value) {
    left = remaining(value[key] ?? null, left - OWN_SIZE - key.length, known);
    if (left < 0) return left;
  }
  return left;
}
