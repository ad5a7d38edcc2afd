/**
 * Only such digits can be a number beyond a double; JSON.parse makes it Infinity, which JSON cannot write. Digits are
 * counted from the first of a run: from each of them, 308 in a row cost 308 times as much.
 */
const MAYBE_TOO_LARGE = /[eE]\+?\d{3}|(?<!\d)\d{309}/;

/**
 * Reads JSON, after a byte order mark if some editor wrote one; a number beyond a double is the largest double, as jq
 * reads it.
 * @throws SyntaxError
 */
export function parseJson(source: string): unknown {
  const text = source.startsWith('\ufeff') ? source.slice(1) : source;
  return MAYBE_TOO_LARGE.test(text) ? JSON.parse(text, finite) : JSON.parse(text);
}

function finite(_key: string, value: unknown): unknown {
  if (value === Infinity) return Number.MAX_VALUE;
  return value === -Infinity ? -Number.MAX_VALUE : value;
}
