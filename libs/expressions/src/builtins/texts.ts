import { build, step, steps } from '../run/meter';
import { raise, raiseAbout } from '../run/raise';
import { contains } from '../values/contains';
import { get } from '../values/access';
import type { Json } from '../values/json';
import { parseJson } from '../values/parse';
import { parseNumber } from '../values/number';
import { printJson, utf8Length } from '../values/print';
import { add } from '../values/arithmetic';
import { inPieces, TextBuilder } from '../values/pieces';
import { explode, positions, splitString, trimEnd, trimStart } from '../values/strings';
import { iterable } from './arrays';
import { toText } from './formats';

/** `startswith` and `endswith` */
function affix(name: 'startsWith' | 'endsWith'): (input: Json, part: Json) => boolean {
  return (input, part) => {
    if (typeof input !== 'string' || typeof part !== 'string') {
      raise(`${name.toLowerCase()}() requires string inputs`);
    }
    steps(part.length >> 8);
    return input[name](part);
  };
}

const startsWith = affix('startsWith');
const endsWith = affix('endsWith');

function withoutPrefix(input: Json, prefix: Json): Json {
  return startsWith(input, prefix) ? (input as string).slice((prefix as string).length) : input;
}

function withoutSuffix(input: Json, suffix: Json): Json {
  const text = input as string;
  return endsWith(input, suffix) ? text.slice(0, text.length - (suffix as string).length) : input;
}

function trimmed(trim: (text: string) => string): (input: Json) => Json {
  return (input) => {
    if (typeof input !== 'string') raise('trim input must be a string');
    return trim(input);
  };
}

function toNumber(input: Json): Json {
  if (typeof input === 'number') return input;
  const number = typeof input === 'string' ? parseNumber(input) : undefined;
  return number ?? raiseAbout(input, 'cannot be parsed as a number');
}

function toBoolean(input: Json): Json {
  if (typeof input === 'boolean') return input;
  if (input === 'true') return true;
  return input === 'false' ? false : raiseAbout(input, 'cannot be parsed as a boolean');
}

/** So many code points become a text at once. */
const pointsAtOnce = 1024;

function implode(input: Json): Json {
  if (!Array.isArray(input)) return raise('implode input must be an array');
  build(2 * input.length);
  const text = new TextBuilder();
  let points: number[] = [];
  for (const value of input) {
    steps(4);
    if (typeof value !== 'number' || value !== value) {
      raiseAbout(value, "can't be imploded, unicode codepoint needs to be numeric");
    }
    const point = Math.trunc(value);
    const valid = point >= 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
    if (points.push(valid ? point : 0xfffd) === pointsAtOnce) {
      text.appendPoints(points);
      points = [];
    }
  }
  text.appendPoints(points);
  return text.end();
}

/** Shorter texts are changed in one go. */
const shortText = 4096;

function inCase(change: (text: string) => string, letters: RegExp): (input: Json) => Json {
  return (input) => {
    if (typeof input !== 'string') return raise('explode input must be a string');
    build(input.length);
    if (input.length <= shortText) {
      steps(input.length >> 4);
      return input.replace(letters, change);
    }
    return inPieces(input, (piece) => piece.replace(letters, change));
  };
}

function indices(input: Json, part: Json): Json {
  if (Array.isArray(input)) return get(input, Array.isArray(part) ? part : [part]);
  if (typeof input === 'string' && typeof part === 'string') return positions(input, part);
  return get(input, part);
}

function join(input: Json, separator: Json): Json {
  const joined = new TextBuilder();
  let first = true;
  for (const element of iterable(input)) {
    step();
    const text =
      typeof element === 'boolean' || typeof element === 'number'
        ? printJson(element)
        : (element ?? '');
    const between = first ? '' : (separator ?? '');
    first = false;
    // What cannot be added raises the error that adding it does.
    if (typeof between !== 'string') return add(joined.end(), between);
    if (typeof text !== 'string') return add(joined.end() + between, text);
    build(between.length + text.length);
    joined.append(between === '' ? text : between + text);
  }
  return joined.end();
}

/** The builtins on strings. */
export const texts = {
  'tostring/0': toText,
  'tojson/0': (input: Json) => printJson(input),
  'fromjson/0': (input: Json) =>
    typeof input === 'string' ? parseJson(input) : raiseAbout(input, 'only strings can be parsed'),
  'tonumber/0': toNumber,
  'toboolean/0': toBoolean,
  'startswith/1': startsWith,
  'endswith/1': endsWith,
  'ltrimstr/1': withoutPrefix,
  'rtrimstr/1': withoutSuffix,
  'trimstr/1': (input: Json, text: Json) => withoutSuffix(withoutPrefix(input, text), text),
  'trim/0': trimmed((text) => trimEnd(trimStart(text))),
  'ltrim/0': trimmed(trimStart),
  'rtrim/0': trimmed(trimEnd),
  'explode/0': (input: Json) =>
    typeof input === 'string' ? explode(input) : raise('explode input must be a string'),
  'implode/0': implode,
  'split/1': (input: Json, separator: Json) =>
    typeof input === 'string' && typeof separator === 'string'
      ? splitString(input, separator)
      : raise('split input and separator must be strings'),
  'ascii_downcase/0': inCase((text) => text.toLowerCase(), /[A-Z]+/g),
  'ascii_upcase/0': inCase((text) => text.toUpperCase(), /[a-z]+/g),
  'utf8bytelength/0': (input: Json) =>
    typeof input === 'string'
      ? utf8Length(input)
      : raiseAbout(input, 'only strings have UTF-8 byte length'),
  '_strindices/1': (input: Json, part: Json) => {
    if (typeof input !== 'string') {
      return raiseAbout(input, 'cannot be searched, as it is not a string');
    }
    if (typeof part !== 'string') return raiseAbout(part, 'is not a string');
    return positions(input, part);
  },
  'indices/1': indices,
  'index/1': (input: Json, part: Json) => get(indices(input, part), 0),
  'rindex/1': (input: Json, part: Json) => {
    const found = indices(input, part);
    return get(get(found, { start: -1, end: null }), 0);
  },
  'join/1': join,
  'contains/1': contains,
};
