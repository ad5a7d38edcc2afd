import type { ValueFunction } from '../compile/calls';
import { steps } from '../run/meter';
import { raise } from '../run/raise';
import { largestInt, toInt } from '../values/access';
import type { Json } from '../values/json';
import { secondsOf, timeOf, type Time } from './calendar';
import { formatTime } from './strftime';
import { parseTime } from './strptime';

function brokenDown(time: Time, fraction: number): Json[] {
  return [
    time.year,
    time.month,
    time.day,
    time.hour,
    time.minute,
    time.second + fraction,
    time.weekDay,
    time.yearDay,
  ];
}

function timeOfNumber(input: number): Time {
  const time = Number.isFinite(input) ? timeOf(Math.trunc(input)) : undefined;
  if (time === undefined || Math.abs(time.year - 1900) > largestInt) {
    return raise('error converting number of seconds since epoch to datetime');
  }
  return time;
}

/** `gmtime` and `localtime`, which are one: the local time of a flow is UTC. */
function breakDown(name: string): (input: Json) => Json[] {
  return (input) => {
    if (typeof input !== 'number') return raise(`${name}() requires numeric inputs`);
    return brokenDown(timeOfNumber(input), input - Math.floor(input));
  };
}

const gmtime = breakDown('gmtime');
const localtime = breakDown('localtime');

/** The fields of a broken-down time, rounded toward zero as C does; undefined: it is none. */
function timeOfFields(fields: readonly Json[]): Time | undefined {
  const numbers: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    const value = i < fields.length ? fields[i] : 0;
    if (typeof value !== 'number' || value !== value) return undefined;
    const shifted = i === 0 && i < fields.length ? value - 1900 : value;
    numbers.push(toInt(shifted));
  }
  const [year, month, day, hour, minute, second] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { year: year + 1900, month, day, hour, minute, second, weekDay: 0, yearDay: 0 };
}

function mktime(input: Json): Json {
  if (!Array.isArray(input)) return raise('mktime requires array inputs');
  const time = timeOfFields(input);
  if (time === undefined) return raise('mktime requires parsed datetime inputs');
  const seconds = secondsOf(time);
  // C's function answers -1 for an error, so the second before 1970 cannot be told from one.
  const isInRange = Math.abs(timeOf(seconds).year - 1900) <= largestInt;
  if (seconds === -1 || !isInRange) return raise('invalid gmtime representation');
  if (seconds === -2) return raise('mktime not supported on this platform');
  return seconds;
}

function formatted(name: string, zone: string): ValueFunction {
  const refuse = (): never => raise(`${name}/1 requires parsed datetime inputs`);
  return (input, format) => {
    if (typeof input !== 'number' && !Array.isArray(input)) return refuse();
    const early = typeof input === 'number' ? timeOfNumber(input) : undefined;
    if (typeof format !== 'string') return raise(`${name}/1 requires a string format`);
    steps(format.length);
    const fields = Array.isArray(input) ? timeOfFields(input) : undefined;
    const time = early ?? (fields === undefined ? refuse() : timeOf(secondsOf(fields)));
    return formatTime(format, time, zone) ?? raise(`${name}/1: unknown system failure`);
  };
}

function strptime(input: Json, format: Json): Json {
  if (typeof input !== 'string' || typeof format !== 'string') {
    return raise('strptime/1 requires string inputs and arguments');
  }
  steps(format.length + input.length);
  const parsed = parseTime(input, format);
  if (parsed === undefined || !/^(?:[ \t\n\v\f\r]|$)/.test(parsed.rest)) {
    return raise(`date "${input}" does not match format "${format}"`);
  }
  const fields = brokenDown(parsed.time, 0);
  if (parsed.rest !== '') fields.push(parsed.rest);
  return fields;
}

/** The builtins on times. */
export const dates: Readonly<Record<string, ValueFunction>> = {
  'gmtime/0': gmtime,
  'localtime/0': localtime,
  'mktime/0': mktime,
  'strftime/1': formatted('strftime', 'GMT'),
  'strflocaltime/1': formatted('strflocaltime', 'UTC'),
  'strptime/1': strptime,
};
