import type { Json } from '@easyflow/engine';

/** A part of fewer characters than this is written wherever it stands. */
export const LARGE = 1_024;

/**
 * A state of at most so many characters is stored whole: it stays in its row of the table, so another row would cost
 * more than it spares.
 */
export const SMALL_STATE = 2_000;

/** About the characters of a scalar; of a container, of its own punctuation and keys. */
export function ownSize(value: Json): number {
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value)) return 4 * value.length;
  if (typeof value !== 'object' || value === null) return 4;
  let size = 0;
  for (const key of Object.keys(value)) size += 4 + key.length;
  return size;
}

/** Whether a value takes at most so many characters. Looks at no more of it. */
export function isWithin(value: Json, limit: number): boolean {
  return remaining(value, limit) >= 0;
}

function remaining(value: Json, limit: number): number {
  if (typeof value === 'string') return limit - value.length;
  if (typeof value !== 'object' || value === null) return limit - 4;
  let left = limit;
  if (Array.isArray(value)) {
    left -= 4 * value.length;
    for (let index = 0; index < value.length && left >= 0; index += 1) {
      left = remaining(value[index] as Json, left);
    }
    return left;
  }
  for (const key in value) {
    left = remaining(value[key] ?? null, left - 4 - key.length);
    if (left < 0) return left;
  }
  return left;
}
