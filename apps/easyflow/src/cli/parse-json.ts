/** Only such digits can be a number beyond a double; JSON.parse makes it Infinity, which JSON cannot write. */
const MAYBE_TOO_LARGE = /[eE]\+?\d{3}|\d{309}/;

/** Reads JSON; a number beyond a double is the largest double, as jq reads it. @throws SyntaxError */
export function parseJson(text: string): unknown {
  return MAYBE_TOO_LARGE.test(text) ? JSON.parse(text, finite) : JSON.parse(text);
}

function finite(_key: string, value: unknown): unknown {
  if (value === Infinity) return Number.MAX_VALUE;
  return value === -Infinity ? -Number.MAX_VALUE : value;
}
