/** The longest that a request may wait for its result. */
export const maxWaitSeconds = 60;

/** Preferences of a header: commas stand between them, and may stand within quotes. An unclosed quote ends the header. */
const PREFERENCES = /(?:"(?:[^"\\]|\\.)*(?:"|$)|[^",])+/g;
/** `wait`, and no longer name that begins with it. */
const NAMES_WAIT = /^wait\s*(?:=|$)/i;
const WAIT = /^wait\s*=\s*(?:"(\d+)"|(\d+))$/i;

/**
 * Seconds of `Prefer: wait=N` (RFC 7240), cut to 60; undefined when the header is missing, asks for other things
 * only, or is malformed: a preference that cannot be read is ignored. The first `wait` counts.
 */
export function preferredWait(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  for (const [preference] of header.matchAll(PREFERENCES)) {
    const token = preference.split(';', 1)[0]?.trim() ?? '';
    if (!NAMES_WAIT.test(token)) continue;
    const match = WAIT.exec(token);
    return match ? Math.min(Number(match[1] ?? match[2]), maxWaitSeconds) : undefined;
  }
  return undefined;
}
