/** The longest that a request may wait for its result. */
export const maxWaitSeconds = 60;

/** `wait`, and no longer name that begins with it. */
const NAMES_WAIT = /^wait\s*(?:=|$)/i;
const WAIT = /^wait\s*=\s*(?:"(\d+)"|(\d+))$/i;

/**
 * Seconds of `Prefer: wait=N` (RFC 7240), cut to 60; undefined when the header is missing, asks for other things
 * only, or is malformed: a preference that cannot be read is ignored. The first `wait` counts.
 */
export function preferredWait(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  for (const preference of preferencesOf(header)) {
    const token = preference.split(';', 1)[0]?.trim() ?? '';
    if (!NAMES_WAIT.test(token)) continue;
    const match = WAIT.exec(token);
    return match ? Math.min(Number(match[1] ?? match[2]), maxWaitSeconds) : undefined;
  }
  return undefined;
}

/**
 * Commas stand between preferences, and may stand within quotes. An unclosed quote ends the header. One pass: a pattern
 * that looks for the closing quote starts again at each one that does not close (a header of 12 kB took it 0.5 s).
 */
function* preferencesOf(header: string): Generator<string> {
  let start = 0;
  let quoted = false;
  for (let index = 0; index < header.length; index += 1) {
    const character = header[index];
    if (quoted && character === '\\') index += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      yield header.slice(start, index);
      start = index + 1;
    }
  }
  yield header.slice(start);
}
