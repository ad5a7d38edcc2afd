// The JSON values that programs run over and mention.

/** Keys of objects; the first six can be written as `.key`. */
export const keys = ['a', 'b', 'c', 'foo', 'key', 'value', 'x y', '__proto__', 'é', 'name', ''];
/** Keys that can be written as `.key`. */
export const names = keys.slice(0, 6);

/** Texts that some builtin takes for something. */
export const strings = [
  '',
  'a',
  'b',
  'abc',
  'foo bar',
  'a,b, c',
  'Hello World',
  '12',
  '-1.5',
  'true',
  'null',
  'áé',
  '日本語',
  '😀x',
  'aXbXc',
  '<a href="x">&\'',
  '2015-03-05T23:51:47Z',
  '[1,2]',
  '{"a":1}',
  ' pad ',
  'aaa',
  'xyz-14',
  'a\nb',
  'YWJj',
  '%41b',
  "it's",
  'nan',
  '1e3',
  '0x1F',
  ' 7',
  '1 2',
  '[1,',
  "{'a':1}",
  'MFRGG===',
  'YWI',
  '=',
  '%ff%zz%',
  'ÀÉß',
  'e\u0301',
  '\u00a0\u2003x\u3000',
  '\u0001\t\u007f',
  '10:20',
  'Thu, 05 Mar 2015 23:51:47 +0100',
  'a long text that error messages cut at some place, wherever that is',
  'ein langer Text über Äpfel, den Meldungen irgendwo abschneiden müssen',
  '日本語の長い文字列はどこかで切られる必要があります',
  '😀😀😀😀😀😀😀😀',
  'startend',
];

/**
 * Numbers of all kinds, but for those that the oracle prints as they were written (1e17 and
 * 1E-7, for one): it keeps literals as decimals until something is computed of them.
 */
export const numbers = [
  0, 1, 2, 3, -1, -2, 0.5, 1.5, -2.5, 10, 100, 42, 7, 1425599621, 1e3, 0.1, 255, 65, 2147483648,
  -1e10, 128512, 55296, 1114112, 3.14159, 0.001, 123456789012,
];

/** Numbers that are computed, so that the oracle prints them as JavaScript has them. */
export const computed = [
  '(1e17 + 0)',
  '(1e-7 * 1)',
  '(1e100 * 1)',
  '(1e308 * 10)',
  '(-1e308 * 10)',
  '(0.1 + 0.2)',
  '(1 / 3)',
  '(9007199254740993 * 1)',
  '(5e-324 * 1)',
  '(1e18 - 1)',
];

const small = numbers.slice(0, 12);

/** A random JSON value. */
export function value(random, depth = 3) {
  const kind = random.below(depth > 0 ? 10 : 6);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind <= 3) return random.pick(random.chance(0.6) ? small : numbers);
  if (kind <= 5) return random.pick(strings);
  if (kind <= 7) return random.some(0, 4, () => value(random, depth - 1));
  const entries = random.some(0, 3, () => [random.pick(keys), value(random, depth - 1)]);
  return Object.fromEntries(entries);
}

/** The shapes that a builtin expects of its input: rows, entries, streams, times, points. */
const shapes = [
  (random) => random.some(0, 5, () => ({ a: random.pick(small), b: random.pick(strings) })),
  (random) => random.some(0, 5, () => random.pick(small)),
  (random) => random.some(0, 5, () => random.pick(strings)),
  (random) => random.some(0, 3, () => random.some(0, 3, () => random.pick(small))),
  (random) =>
    random.some(0, 3, () => ({
      [random.pick(['key', 'k', 'name', 'Name', 'Key', 'K'])]: value(random, 0),
      [random.pick(['value', 'v', 'Value', 'V'])]: value(random, 0),
    })),
  (random) => random.pick(numbers),
  (random) => random.pick(strings),
  (random) => [2015, random.below(14), random.below(33), random.below(26), 51, 47.5, 4, 63],
  (random) =>
    random.some(0, 4, () => random.pick([65, 233, 0x20ac, 0x1f600, 0xd800, 0x110000, -1, 1.5])),
];

/** A random input. */
export function input(random) {
  return random.chance(0.4) ? random.pick(shapes)(random) : value(random);
}
