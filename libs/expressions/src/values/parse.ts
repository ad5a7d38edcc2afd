import { build, meter, steps } from '../run/meter';
import { raise } from '../run/raise';
import type { Json } from './json';
import { SlowParser } from './slow-parser';

/** The deepest nesting jq parses. */
const maximumDepth = 10_000;

function mayBeTooDeep(text: string): boolean {
  if (text.length < maximumDepth) return false;
  let opened = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit === 0x5b || unit === 0x7b) opened += 1;
  }
  return opened >= maximumDepth;
}

/** Text where JavaScript's parser and jq's may answer differently. */
const special = /\\u[dD]|[eE]\+?\d{3}|\d{300}/;

/**
 * jq's `fromjson`. What JavaScript's own parser takes is the same for jq; the rest goes to a
 * parser that knows jq's extensions (nan) and error messages.
 */
export function parseJson(text: string): Json {
  steps(text.length >> 4);
  build(2 * text.length);
  if (!special.test(text) && !mayBeTooDeep(text)) {
    try {
      return JSON.parse(text) as Json;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  const result = new SlowParser(text).run();
  if (typeof result === 'string') return raise(`${result} (while parsing '${text}')`);
  meter.nonFinite = true;
  return result.value;
}
