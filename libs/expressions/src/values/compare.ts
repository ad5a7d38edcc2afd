import { raise } from '../run/raise';
import { step, steps } from '../run/meter';
import { rankOf, type Json, type JsonObject } from './json';
import { compareStrings, member, ownKeys, sortedKeys } from './object';

/** jq compares values down to this depth. */
const maximumDepth = 10_000;
/** Recursion goes so deep, then an explicit stack takes over: JavaScript's is too small. */
const recursion = 400;

/** Longer texts are counted when they are compared. */
const longText = 4096;

type Container = Json[] | JsonObject;
type Pair = readonly [Container, Container, number];

function sameText(a: string, b: Json): boolean {
  if (a.length > longText) steps(a.length >> 8);
  return a === b;
}

function equalContainers(
  a: Container,
  b: Container,
  depth: number,
  stopAt: number,
  later: Pair[],
): boolean {
  if (depth > maximumDepth) raise('Equality check too deep');
  const isArray = Array.isArray(a);
  if (isArray !== Array.isArray(b)) return false;
  if (depth === stopAt) {
    later.push([a, b, depth]);
    return true;
  }
  if (isArray) {
    const other = b as Json[];
    if (a.length !== other.length) return false;
    for (let i = 0; i < a.length; i += 1) {
      if (!equalInside(a[i] as Json, other[i] as Json, depth + 1, stopAt, later)) return false;
    }
    return true;
  }
  const keys = ownKeys(a);
  if (keys.length !== ownKeys(b as JsonObject).length) return false;
  for (const key of keys) {
    const other = member(b as JsonObject, key);
    if (other === undefined) return false;
    const own = a[key] as Json;
    if (!equalInside(own, other, depth + 1, stopAt, later)) return false;
  }
  return true;
}

function equalInside(a: Json, b: Json, depth: number, stopAt: number, later: Pair[]): boolean {
  step();
  if (typeof a === 'string') return sameText(a, b);
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return equalContainers(a, b, depth, stopAt, later);
}

/** jq's `==`. Raises "Equality check too deep" below 10,000 levels. */
export function equal(a: Json, b: Json): boolean {
  if (typeof a === 'string') return sameText(a, b);
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const later: Pair[] = [];
  if (!equalContainers(a, b, 0, recursion, later)) return false;
  for (let i = 0; i < later.length; i += 1) {
    const [x, y, depth] = later[i] as Pair;
    if (!equalContainers(x, y, depth, depth + recursion, later)) return false;
  }
  return true;
}

function compareScalars(a: Json, b: Json): number {
  if (typeof a === 'number' && typeof b === 'number') {
    if (a !== a) return -1;
    if (b !== b) return 1;
    return a < b ? -1 : a === b ? 0 : 1;
  }
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  return rankOf(a) - rankOf(b);
}

function bothContainers(a: Json, b: Json): boolean {
  return (
    typeof a === 'object' &&
    typeof b === 'object' &&
    a !== null &&
    b !== null &&
    Array.isArray(a) === Array.isArray(b)
  );
}

function compareKeys(a: readonly string[], b: readonly string[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const order = compareStrings(a[i] as string, b[i] as string);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Two rows of elements that are being compared; `order` is what shows before that. */
interface Row {
  readonly order: number;
  readonly a: readonly Json[];
  readonly b: readonly Json[];
  next: number;
}

/** Two containers as rows of elements: objects with the same keys compare value by value. */
function rowOf(a: Json, b: Json): Row {
  if (Array.isArray(a)) return { order: 0, a, b: b as Json[], next: 0 };
  const left = a as JsonObject;
  const right = b as JsonObject;
  const keys = sortedKeys(left);
  const order = compareKeys(keys, sortedKeys(right));
  if (order !== 0) return { order, a: [], b: [], next: 0 };
  return {
    order: 0,
    a: keys.map((key) => left[key] as Json),
    b: keys.map((key) => right[key] as Json),
    next: 0,
  };
}

/**
 * jq's order of values: negative, zero or positive. NaN is below every number, also itself.
 * Raises "Comparison too deep" below 10,000 levels.
 */
export function compare(a: Json, b: Json): number {
  if (!bothContainers(a, b)) {
    step();
    return compareScalars(a, b);
  }
  const rows: Row[] = [];
  let x = a;
  let y = b;
  for (;;) {
    step();
    if (bothContainers(x, y)) {
      if (rows.length > maximumDepth) raise('Comparison too deep');
      const row = rowOf(x, y);
      if (row.order !== 0) return row.order;
      rows.push(row);
    } else {
      const order = compareScalars(x, y);
      if (order !== 0) return order;
    }
    // On to the next pair of elements, which may be one further out.
    let row = rows.at(-1);
    while (row !== undefined && row.next >= Math.min(row.a.length, row.b.length)) {
      if (row.a.length !== row.b.length) return row.a.length - row.b.length;
      rows.pop();
      row = rows.at(-1);
    }
    if (row === undefined) return 0;
    x = row.a[row.next] as Json;
    y = row.b[row.next] as Json;
    row.next += 1;
  }
}

function compareNumbers(a: Json, b: Json): number {
  step();
  return (a as number) - (b as number);
}

function compareTexts(a: Json, b: Json): number {
  step();
  return compareStrings(a as string, b as string);
}

/** How to compare any two of these values: `compare`, or the part of it that they need. */
export function comparison(values: readonly Json[]): (a: Json, b: Json) => number {
  const kind = typeof values[0];
  if (kind !== 'number' && kind !== 'string') return compare;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] as Json;
    // The difference of infinite numbers is none.
    const isInfinite = kind === 'number' && (value as number) - (value as number) !== 0;
    if (typeof value !== kind || isInfinite) return compare;
  }
  steps(values.length >> 3);
  return kind === 'number' ? compareNumbers : compareTexts;
}
