// Functions of C's math library that JavaScript lacks. Sources: Stirling's series
// for the gamma function; the series and continued fraction of the incomplete
// gamma function for erf; Hankel's expansion, Miller's recurrence and Neumann's series for
// Bessel's functions (Abramowitz and Stegun, 9.1.88, 9.2.5 and 9.12).

import { build, step } from '../run/meter';

/** From here on Stirling's series is exact to the last digits. */
const largeEnough = 20;

function stirling(x: number): number {
  const square = x * x;
  return (
    (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) /
    x
  );
}

/** The gamma function. */
export function gamma(x: number): number {
  if (x === 0) return 1 / x;
  if (Number.isInteger(x)) {
    if (x < 0) return NaN;
    if (x <= 171) {
      let product = 1;
      for (let i = 2; i < x; i += 1) product *= i;
      return product;
    }
  }
  if (x > 172) return Infinity;
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * (x % 2)) * gamma(1 - x));
  let product = 1;
  let large = x;
  for (; large < largeEnough; large += 1) product *= large;
  const half = large ** (large / 2);
  const size = Math.sqrt((2 * Math.PI) / large) * half * Math.exp(-large) * half;
  return (size * Math.exp(stirling(large))) / product;
}

/** The logarithm of the absolute value of the gamma function. */
export function logGamma(x: number): number {
  if (x === Infinity || x === -Infinity) return Infinity;
  if (x <= 0 && Number.isInteger(x)) return Infinity;
  if (x === 1 || x === 2) return 0;
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * (x % 2)))) - logGamma(1 - x);
  if (x < largeEnough) return Math.log(Math.abs(gamma(x)));
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(x) - x + stirling(x);
}

/** The sign of the gamma function. */
export function gammaSign(x: number): number {
  return x < 0 && !Number.isInteger(x) && Math.floor(x) % 2 !== 0 ? -1 : 1;
}

function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n += 1) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function erfcFraction(x: number): number {
  let fraction = 0;
  for (let n = 60; n > 0; n -= 1) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
}

/** The error function. */
export function erf(x: number): number {
  if (x !== x || x === 0) return x;
  if (Math.abs(x) < 2.5) return erfSeries(x);
  return x > 0 ? 1 - erfcFraction(x) : erfcFraction(-x) - 1;
}

/** One minus the error function. */
export function erfc(x: number): number {
  if (x !== x) return x;
  if (Math.abs(x) < 2.5) return 1 - erfSeries(x);
  return x > 0 ? erfcFraction(x) : 2 - erfcFraction(-x);
}

/** From here on Hankel's expansion is exact to the last digits. */
const farOut = 25;

/** Bessel's J and Y of order 0 or 1, far out: Hankel's expansion. */
function hankel(order: number, x: number): readonly [number, number] {
  let [p, q, term] = [1, 0, 1];
  for (let k = 1; Math.abs(term) > 1e-18; k += 1) {
    term *= (4 * order - (2 * k - 1) ** 2) / (8 * k * x);
    const signed = k % 4 < 2 ? term : -term;
    if (k % 2 === 0) p += signed;
    else q += signed;
  }
  // The cosine and sine of x - 45°, and a quarter of a turn less for order 1.
  const [plus, minus] = [Math.sin(x) + Math.cos(x), Math.sin(x) - Math.cos(x)];
  const [cosine, sine] = order === 0 ? [plus, minus] : [minus, -plus];
  const size = 1 / Math.sqrt(Math.PI * x);
  return [size * (p * cosine - q * sine), size * (p * sine + q * cosine)];
}

/** Bessel's J of the orders 0 to `last` and some more, by Miller's recurrence downwards. */
function miller(last: number, x: number): number[] {
  if (x < 1e-8) {
    let power = 1;
    return Array.from({ length: last + 1 }, (_, n) => (power *= n === 0 ? 1 : x / 2 / n));
  }
  const largest = Math.max(last, x);
  const first = 2 * Math.ceil((largest + 60 + 20 * Math.cbrt(largest)) / 2);
  build(64 * first);
  const values = new Array<number>(first + 1).fill(0);
  values[first] = 1e-300;
  let sum = 1e-300;
  for (let n = first; n > 0; n -= 1) {
    step();
    let value = ((2 * n) / x) * (values[n] as number) - (values[n + 1] ?? 0);
    if (Math.abs(value) > 1e200) {
      // Only so many are large enough to be seen beside this one.
      for (let i = n; i <= first && values[i] !== 0; i += 1) values[i] = 1e-300 * (values[i] ?? 0);
      sum *= 1e-300;
      value *= 1e-300;
    }
    values[n - 1] = value;
    if (n % 2 === 1) sum += n === 1 ? value / 2 : value;
  }
  return values.map((value) => value / sum / 2);
}

/** From the values of orders 0 and 1 up, which loses nothing where they do not shrink. */
function upwards(order: number, x: number, start: readonly [number, number]): number {
  let [before, value] = start;
  if (order === 0) return before;
  for (let n = 1; n < order && value - value === 0; n += 1) {
    step();
    [before, value] = [value, ((2 * n) / x) * value - before];
  }
  return value;
}

/** The Bessel function of the first kind, of integer order. */
export function besselJ(order: number, x: number): number {
  if (x !== x || order !== order) return NaN;
  if (order < 0 !== x < 0 && order % 2 !== 0) {
    return -besselJ(Math.abs(order), Math.abs(x));
  }
  const [n, size] = [Math.abs(order), Math.abs(x)];
  if (size === Infinity) return 0;
  // Too small for any number.
  if (n > 2 * size + 2000) return 0;
  if (size < farOut || n > size) return miller(n, size)[n] as number;
  return upwards(n, size, [hankel(0, size)[0], hankel(1, size)[0]]);
}

/** Bessel's Y of order 0 or 1, near: Neumann's series. */
function neumann(order: number, x: number, j: readonly number[]): number {
  let sum = (Math.log(x / 2) + 0.5772156649015329 - order) * (j[order] as number);
  for (let k = 1; order + 2 * k < j.length; k += 1) {
    const sign = k % 2 === 0 ? -1 : 1;
    sum += (sign * (order + 2 * k) * (j[order + 2 * k] as number)) / (k * (order + k));
  }
  return (2 * sum - (order * 2 * (j[0] as number)) / x) / Math.PI;
}

/** The Bessel function of the second kind, of integer order. */
export function besselY(order: number, x: number): number {
  if (x !== x || order !== order || x < 0) return NaN;
  if (order < 0) return (order % 2 === 0 ? 1 : -1) * besselY(-order, x);
  if (x === 0) return -Infinity;
  if (x === Infinity) return 0;
  if (x >= farOut) return upwards(order, x, [hankel(0, x)[1], hankel(1, x)[1]]);
  const j = miller(1, x);
  return upwards(order, x, [neumann(0, x, j), neumann(1, x, j)]);
}
