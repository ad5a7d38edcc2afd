import { raiseAbout } from '../run/raise';
import type { ValueFunction } from '../compile/calls';
import { checked } from '../values/arithmetic';
import { isTrue, type Json } from '../values/json';
import * as special from './special-functions';

function numberOf(value: Json): number {
  return typeof value === 'number' ? value : raiseAbout(value, 'number required');
}

function unary(compute: (x: number) => number): (input: Json) => Json {
  return (input) => checked(compute(numberOf(input)));
}

function binary(compute: (x: number, y: number) => number): (_: Json, a: Json, b: Json) => Json {
  return (_, a, b) => checked(compute(numberOf(a), numberOf(b)));
}

/** Rounds to the nearest whole number; halves away from zero, as C does. */
function round(x: number, toEven = false): number {
  const whole = Math.trunc(x);
  const rest = Math.abs(x - whole);
  const isUp = toEven && whole % 2 === 0 ? rest > 0.5 : rest >= 0.5;
  return isUp ? whole + Math.sign(x) : whole;
}

function roundToEven(x: number): number {
  return round(x, true);
}

/** The remainder of the nearest quotient, exact as C's. */
function ieeeRemainder(x: number, y: number): number {
  if (y === 0 || y !== y || x - x !== 0) return NaN;
  const size = Math.abs(y);
  const half = size / 2;
  let rest = Math.abs(x) % (2 * size);
  if (rest > half) {
    rest -= size;
    if (rest >= half) rest -= size;
  }
  return x < 0 || Object.is(x, -0) ? -rest : rest;
}

/** The mantissa in [0.5, 1) and the exponent. */
function frexp(x: number): [number, number] {
  if (x === 0 || x - x !== 0) return [x, 0];
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(x))) + 1);
  let mantissa = x * 2 ** -exponent;
  while (Math.abs(mantissa) < 0.5) {
    mantissa *= 2;
    exponent -= 1;
  }
  while (Math.abs(mantissa) >= 1) {
    mantissa /= 2;
    exponent += 1;
  }
  return [mantissa, exponent];
}

function scale(x: number, power: number): number {
  const exponent = Math.max(-2200, Math.min(2200, Math.trunc(power)));
  const half = Math.trunc(exponent / 3);
  return x * 2 ** half * 2 ** half * 2 ** (exponent - 2 * half);
}

/** Powers that an integer of C does not hold become its least, as on most machines. */
function scaleBy(mostPower: number): (x: number, power: number) => number {
  return (x, power) => scale(x, Math.abs(power) < mostPower ? power : -mostPower);
}

function scalb(x: number, power: number): number {
  if (power === Infinity) return x * power;
  if (power === -Infinity) return x / Infinity;
  return Number.isInteger(power) ? scale(x, power) : NaN;
}

function logb(x: number): number {
  if (x === 0) return -Infinity;
  if (x - x !== 0) return x * x;
  return frexp(x)[1] - 1;
}

function significand(x: number): number {
  return 2 * frexp(x)[0];
}

function modf(x: number): Json {
  if (x === Infinity || x === -Infinity) return [x > 0 ? 0 : -0, checked(x)];
  const whole = Math.trunc(x);
  const fraction = x - whole;
  return [checked(fraction === 0 && x < 0 ? -0 : fraction), checked(whole)];
}

const bits = new DataView(new ArrayBuffer(8));

function nextAfter(x: number, toward: number): number {
  if (x !== x || toward !== toward) return NaN;
  if (x === toward) return toward;
  if (x === 0) return toward > 0 ? Number.MIN_VALUE : -Number.MIN_VALUE;
  bits.setFloat64(0, x);
  const step = toward > x === x > 0 ? 1n : -1n;
  bits.setBigInt64(0, bits.getBigInt64(0) + step);
  return bits.getFloat64(0);
}

function pow(x: number, y: number): number {
  // C says that 1 to any power, also NaN, is 1.
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  return x ** y;
}

function absolute(input: Json): Json {
  if (typeof input === 'number') return input < 0 ? -input : input;
  if (input === null || typeof input === 'boolean') return raiseAbout(input, 'cannot be negated');
  return input;
}

const isNumber = (input: Json): input is number => typeof input === 'number';
const isInfinite = (input: Json) => input === Infinity || input === -Infinity;
const smallestNormal = 2 ** -1022;

/** What C and JavaScript call by the same name. */
const sameInBoth = [
  'floor',
  'ceil',
  'trunc',
  'sqrt',
  'cbrt',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'exp',
  'expm1',
  'log',
  'log2',
  'log10',
  'log1p',
] as const;

/** The builtins on numbers. */
export const math: Readonly<Record<string, ValueFunction>> = {
  ...Object.fromEntries(sameInBoth.map((name) => [`${name}/0`, unary((x) => Math[name](x))])),
  'abs/0': absolute,
  'fabs/0': unary(Math.abs),
  'round/0': unary((x) => round(x)),
  'rint/0': unary(roundToEven),
  'nearbyint/0': unary(roundToEven),
  'exp2/0': unary((x) => 2 ** x),
  'exp10/0': unary((x) => 10 ** x),
  'logb/0': unary(logb),
  'significand/0': unary(significand),
  'gamma/0': unary(special.logGamma),
  'lgamma/0': unary(special.logGamma),
  'lgamma_r/0': (input: Json) => {
    const x = numberOf(input);
    return [checked(special.logGamma(x)), special.gammaSign(x)];
  },
  'tgamma/0': unary(special.gamma),
  'erf/0': unary(special.erf),
  'erfc/0': unary(special.erfc),
  'j0/0': unary((x) => special.besselJ(0, x)),
  'j1/0': unary((x) => special.besselJ(1, x)),
  'y0/0': unary((x) => special.besselY(0, x)),
  'y1/0': unary((x) => special.besselY(1, x)),
  'jn/2': binary((n, x) => special.besselJ(Math.trunc(n), x)),
  'yn/2': binary((n, x) => special.besselY(Math.trunc(n), x)),
  'frexp/0': (input: Json) => frexp(numberOf(input)).map(checked),
  'modf/0': (input: Json) => modf(numberOf(input)),
  'pow/2': binary(pow),
  'atan2/2': binary(Math.atan2),
  'fmod/2': binary((x, y) => x % y),
  'fmin/2': binary((x, y) => (x !== x ? y : y !== y ? x : Math.min(x, y))),
  'fmax/2': binary((x, y) => (x !== x ? y : y !== y ? x : Math.max(x, y))),
  'fdim/2': binary((x, y) => (x > y ? x - y : x !== x || y !== y ? NaN : 0)),
  'hypot/2': binary(Math.hypot),
  'copysign/2': binary((x, y) => {
    const size = Math.abs(x);
    return y < 0 || Object.is(y, -0) ? -size : size;
  }),
  'drem/2': binary(ieeeRemainder),
  'remainder/2': binary(ieeeRemainder),
  'ldexp/2': binary(scaleBy(2 ** 31)),
  'scalb/2': binary(scalb),
  'scalbln/2': binary(scaleBy(2 ** 63)),
  'nextafter/2': binary(nextAfter),
  'nexttoward/2': binary(nextAfter),
  'fma/3': (_: Json, a: Json, b: Json, c: Json) => checked(numberOf(a) * numberOf(b) + numberOf(c)),
  'infinite/0': () => checked(Infinity),
  'nan/0': () => checked(NaN),
  'isinfinite/0': isInfinite,
  'isnan/0': (input: Json) => input !== input,
  'isnormal/0': (input: Json) =>
    isNumber(input) && input - input === 0 && Math.abs(input) >= smallestNormal,
  'isfinite/0': (input: Json) => isNumber(input) && !isInfinite(input),
  'not/0': (input: Json) => !isTrue(input),
};
