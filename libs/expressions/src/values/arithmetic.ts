import { build, meter, mostKeys, step, steps } from '../run/meter';
import { raise, raiseAboutBoth } from '../run/raise';
import { copyOf } from './access';
import { equal } from './compare';
import { isObject, type Json, type JsonObject } from './json';
import { copyObject, KeyCount, member, ownKeys, put } from './object';
import { repeatString, splitString } from './strings';

/** A computed number; what JSON cannot carry is noted. */
export function checked(value: number): number {
  if (value - value !== 0) meter.nonFinite = true;
  return value;
}

/** jq's `+`. */
export function add(a: Json, b: Json): Json {
  if (typeof a === 'number' && typeof b === 'number') return checked(a + b);
  if (typeof a === 'string' && typeof b === 'string') {
    build(a.length + b.length);
    return a + b;
  }
  if (a === null) return b;
  if (b === null) return a;
  if (Array.isArray(a) && Array.isArray(b)) {
    build(16 + 8 * (a.length + b.length));
    steps((a.length + b.length) >> 4);
    return a.concat(b);
  }
  if (isObject(a) && isObject(b)) {
    const sum = copyOf(a);
    addEntries(sum, b, new KeyCount(mostKeys >> 3));
    return sum;
  }
  raiseAboutBoth(a, b, 'cannot be added');
}

/** Sets the entries of an object in one that may be changed in place. */
export function addEntries(target: JsonObject, source: JsonObject, size: KeyCount): void {
  const keys = ownKeys(source);
  build(32 * keys.length);
  for (const key of keys) {
    step();
    put(target, key, source[key] as Json);
    size.count(target);
  }
}

/** jq's `-`. */
export function subtract(a: Json, b: Json): Json {
  if (typeof a === 'number' && typeof b === 'number') return checked(a - b);
  if (Array.isArray(a) && Array.isArray(b)) {
    steps(a.length);
    build(8 * a.length);
    return a.filter((x) => !b.some((y) => (steps(1), equal(x, y))));
  }
  raiseAboutBoth(a, b, 'cannot be subtracted');
}

/** The deepest merge jq makes. */
const deepestMerge = 10_000;

function merge(a: JsonObject, b: JsonObject): JsonObject {
  const root = copyObject(a);
  const work: [JsonObject, JsonObject, number][] = [[root, b, 0]];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    const [target, source, depth] = next;
    if (depth > deepestMerge) raise('Object merge too deep');
    for (const key of ownKeys(source)) {
      steps(1);
      build(32);
      const value = source[key] as Json;
      const old = member(target, key);
      if (old !== undefined && isObject(old) && isObject(value)) {
        const copy = copyObject(old);
        put(target, key, copy);
        work.push([copy, value, depth + 1]);
      } else put(target, key, value);
    }
  }
  return root;
}

/** jq's `*`. */
export function multiply(a: Json, b: Json): Json {
  if (typeof a === 'number') {
    if (typeof b === 'number') return checked(a * b);
    if (typeof b === 'string') return repeatString(b, a);
  } else if (typeof a === 'string' && typeof b === 'number') return repeatString(a, b);
  else if (isObject(a) && isObject(b)) return merge(a, b);
  raiseAboutBoth(a, b, 'cannot be multiplied');
}

/** jq's `/`. */
export function divide(a: Json, b: Json): Json {
  if (typeof a === 'number' && typeof b === 'number') {
    if (b === 0) raiseAboutBoth(a, b, 'cannot be divided because the divisor is zero');
    return checked(a / b);
  }
  if (typeof a === 'string' && typeof b === 'string') return splitString(a, b);
  raiseAboutBoth(a, b, 'cannot be divided');
}

const smallest64 = -(2n ** 63n);
const largest64 = 2n ** 63n - 1n;

function to64(value: number): bigint {
  if (value <= -(2 ** 63)) return smallest64;
  return value >= 2 ** 63 ? largest64 : BigInt(Math.trunc(value));
}

/** jq's `%`: on 64-bit integers; the sign is the dividend's. */
export function remainder(a: Json, b: Json): Json {
  if (typeof a !== 'number' || typeof b !== 'number') {
    raiseAboutBoth(a, b, 'cannot be divided (remainder)');
  }
  if (a !== a || b !== b) return checked(NaN);
  const divisor = Math.trunc(b);
  if (divisor === 0) {
    raiseAboutBoth(a, b, 'cannot be divided (remainder) because the divisor is zero');
  }
  const dividend = Math.trunc(a);
  // Adding zero turns -0, which integers do not have, into 0.
  if (Number.isSafeInteger(dividend) && Number.isSafeInteger(divisor)) {
    return (dividend % divisor) + 0;
  }
  return Number(to64(a) % to64(b));
}
