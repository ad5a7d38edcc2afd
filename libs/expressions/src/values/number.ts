import { steps } from '../run/meter';
import { checked } from './arithmetic';

// There is one way only to read any digits: `\d+\.?\d*` would try all places to part them.
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const special = /^([+-]?)(?:(nan)|inf(?:inity)?)$/i;

/** The number that a whole text stands for, as jq's `tonumber` and `fromjson` read numbers. */
export function parseNumber(text: string): number | undefined {
  steps(text.length >> 4);
  if (decimal.test(text)) return checked(Number(text));
  const found = special.exec(text);
  if (found === null) return undefined;
  return checked(found[2] === undefined ? Number(`${found[1]}Infinity`) : NaN);
}
