import { build, meter, steps } from '../run/meter';
import { raise } from '../run/raise';
import { ChunkParser } from './chunk-parser';
import type { Json } from './json';
import { SlowParser } from './slow-parser';

/** Shorter texts are parsed in one go; they cannot be nested too deeply for jq either. */
const shortText = 10_000;

/** Text where JavaScript's parser and jq's may answer differently. */
const special = /\\u[dD]|[eE]\+?\d{3}|(?<!\d)\d{300}/;
/** So much text is looked at at once, with so much overlap: the longest of what is special. */
const stretch = 65_536;
const overlap = 300;

function isSpecial(text: string): boolean {
  if (text.length <= stretch) return special.test(text);
  for (let start = 0; start < text.length; start += stretch) {
    steps(stretch >> 4);
    if (special.test(text.slice(start, start + stretch + overlap))) return true;
  }
  return false;
}

/** What may be parsed in chunks; a single string is read natively, at some 5 ns a character. */
const container = /^[ \t\r\n]*[[{]/;

function parsePlain(text: string): Json | undefined {
  if (text.length >= shortText && container.test(text)) return new ChunkParser(text).run();
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/**
 * jq's `fromjson`. What JavaScript's own parser takes is the same for jq; the rest goes to a
 * parser that knows jq's extensions (nan) and error messages.
 */
export function parseJson(text: string): Json {
  steps(text.length >> 4);
  build(2 * text.length);
  const plain = isSpecial(text) ? undefined : parsePlain(text);
  if (plain !== undefined) return plain;
  const result = new SlowParser(text).run();
  if (typeof result === 'string') return raise(`${result} (while parsing '${text}')`);
  const [value] = result;
  if (value === undefined) return raise(`Expected JSON value (while parsing '${text}')`);
  meter.nonFinite = true;
  return value;
}

/** The values of a text that holds any number of them, or jq's complaint. */
export function parseValues(text: string): readonly Json[] | string {
  return new SlowParser(text, true).run();
}
