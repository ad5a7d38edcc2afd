// Functions of C's math library that JavaScript lacks. Sources: Lanczos' approximation
// (g = 7, n = 9) for the gamma function; the series and continued fraction of the incomplete
// gamma function for erf; integrals of Bessel's by the trapezoidal rule, which converges
// faster than any power for periodic integrands.

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
];

function lanczosSum(x: number): number {
  return lanczos.reduce((sum, c, i) => (i === 0 ? c : sum + c / (x + i)), 0);
}

/** Stirling's series, which is exact to the last digits from 20 on. */
function stirling(x: number): number {
  const series = 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5) - 1 / (1680 * x ** 7);
  const half = x ** (x / 2);
  return Math.sqrt((2 * Math.PI) / x) * half * Math.exp(-x) * half * Math.exp(series);
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
  if (x > 20) return stirling(x);
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gamma(1 - x));
  const z = x - 1;
  const t = z + 7.5;
  const half = t ** ((z + 0.5) / 2);
  return Math.sqrt(2 * Math.PI) * half * Math.exp(-t) * half * lanczosSum(z);
}

/** The logarithm of the absolute value of the gamma function. */
export function logGamma(x: number): number {
  if (x === Infinity || x === -Infinity) return Infinity;
  if (x <= 0 && Number.isInteger(x)) return Infinity;
  if (x === 1 || x === 2) return 0;
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGamma(1 - x);
  if (x < 100) return Math.log(Math.abs(gamma(x)));
  const z = x - 1;
  const t = z + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(lanczosSum(z));
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

/** The Bessel function of the first kind, of integer order. */
export function besselJ(order: number, x: number): number {
  if (x !== x) return x;
  if (Math.abs(x) === Infinity) return 0;
  if (x === 0) return order === 0 ? 1 : 0;
  const points = Math.min(100_000, 64 + 2 * Math.ceil(Math.abs(x) + Math.abs(order)));
  let sum = 0;
  for (let i = 0; i < points; i += 1) {
    const angle = (2 * Math.PI * i) / points;
    sum += Math.cos(order * angle - x * Math.sin(angle));
  }
  return sum / points;
}

/** The Bessel function of the second kind, of integer order. */
export function besselY(order: number, x: number): number {
  if (x !== x) return x;
  if (x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return 0;
  if (order < 0) return (order % 2 === 0 ? 1 : -1) * besselY(-order, x);
  if (order > 1) {
    let before = besselY(0, x);
    let value = besselY(1, x);
    for (let n = 1; n < Math.min(order, 100_000); n += 1) {
      [before, value] = [value, ((2 * n) / x) * value - before];
    }
    return value;
  }
  return besselYIntegral(order, x);
}

/** Two integrals over half a turn and over the half line, by Simpson's rule. */
function besselYIntegral(order: number, x: number): number {
  const oscillating = simpson(
    (t) => Math.sin(x * Math.sin(t) - order * t),
    Math.PI,
    Math.min(200_000, 2000 + 20 * Math.ceil(x)),
  );
  const sign = order % 2 === 0 ? 1 : -1;
  const decaying = (t: number) =>
    (Math.exp(order * t) + sign * Math.exp(-order * t)) * Math.exp(-x * Math.sinh(t));
  const end = Math.asinh((750 + 40 * order) / x);
  return (oscillating - simpson(decaying, end, 20_000)) / Math.PI;
}

function simpson(f: (t: number) => number, end: number, intervals: number): number {
  const step = end / intervals;
  let sum = f(0) + f(end);
  for (let i = 1; i < intervals; i += 1) sum += (i % 2 === 0 ? 2 : 4) * f(i * step);
  return (sum * step) / 3;
}
