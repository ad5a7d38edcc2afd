import { step } from '../run/meter';

/** So many elements are sorted natively; longer lists are merged of such runs. */
const runLength = 2048;

type Compare<T> = (a: T, b: T) => number;

/** Merges [start, middle) and [middle, end) of one list of indices into the other. */
function merge<T>(
  keys: readonly T[],
  compare: Compare<T>,
  from: Uint32Array,
  to: Uint32Array,
  [start, middle, end]: readonly [number, number, number],
): void {
  let left = start;
  let right = middle;
  for (let at = start; at < end; at += 1) {
    const a = from[left] as number;
    const b = from[right] as number;
    const takeLeft = left < middle && (right >= end || compare(keys[a] as T, keys[b] as T) <= 0);
    if (takeLeft) {
      to[at] = a;
      left += 1;
    } else {
      to[at] = b;
      right += 1;
    }
  }
}

function indices(start: number, end: number): number[] {
  const list: number[] = [];
  for (let i = start; i < end; i += 1) list.push(i);
  return list;
}

/**
 * The indices of the keys in their order; equal ones stay as they are. Long lists are sorted
 * by merging: what the native sort does before and after its comparisons takes 0.1 s for a
 * million and cannot be interrupted. The comparisons count the steps.
 */
export function orderOf<T>(keys: readonly T[], compare: Compare<T>): ArrayLike<number> {
  const count = keys.length;
  // The earlier one first, as jq does: NaN is below every number, also another NaN.
  const byKey = (i: number, j: number) =>
    i < j ? compare(keys[i] as T, keys[j] as T) : -compare(keys[j] as T, keys[i] as T);
  if (count <= runLength) return indices(0, count).sort(byKey);
  let from = new Uint32Array(count);
  let to = new Uint32Array(count);
  for (let start = 0; start < count; start += runLength) {
    from.set(indices(start, Math.min(count, start + runLength)).sort(byKey), start);
  }
  for (let length = runLength; length < count; length *= 2) {
    for (let start = 0; start < count; start += 2 * length) {
      const middle = Math.min(count, start + length);
      merge(keys, compare, from, to, [start, middle, Math.min(count, middle + length)]);
    }
    [from, to] = [to, from];
  }
  return from;
}

/** The elements at the indices. */
export function inOrder<T>(values: readonly T[], order: ArrayLike<number>): T[] {
  const ordered: T[] = [];
  for (let i = 0; i < order.length; i += 1) {
    step();
    ordered.push(values[order[i] as number] as T);
  }
  return ordered;
}

/** A sorted copy. */
export function sorted<T>(values: readonly T[], compare: Compare<T>): T[] {
  if (values.length <= runLength) return values.slice().sort(compare);
  return inOrder(values, orderOf(values, compare));
}
