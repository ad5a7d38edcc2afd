import { meter, steps } from '../run/meter';

// There is one way only to read any digits: `\d+\.?\d*` would try all places to part them.
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const special = /^([+-]?)(?:(nan)|inf(?:inity)?)$/i;

/** The number that a whole text stands for, as jq's `tonumber` and `fromjson` read numbers. */
export function parseNumber(text: string): number | undefined {
  steps(text.length >> 4);
  const number = decimal.test(text) ? Number(text) : specialNumber(text);
  if (number !== undefined && number - number !== 0) meter.nonFinite = true;
  return number;
}

function specialNumber(text: string): number | undefined {
  const found = special.exec(text);
  if (found === null) return undefined;
  if (found[2] !== undefined) return NaN;
  return found[1] === '-' ? -Infinity : Infinity;
}
