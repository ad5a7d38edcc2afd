/** What stands for itself in a URI fragment, and in a JSON pointer. */
const PLAIN = /^[\w/~.-]*$/;

/**
 * A JSON pointer (RFC 6901) as a URI fragment: `/do/0/a b` is `#/do/0/a%20b`. Only what a fragment cannot hold is
 * encoded; a lone surrogate, which has no UTF-8, becomes U+FFFD.
 */
export function pointerFragment(pointer: string): string {
  if (PLAIN.test(pointer)) return `#${pointer}`;
  return `#${encodeURI(pointer.toWellFormed()).replaceAll('#', '%23')}`;
}

/** The fragment of the place that these keys and indexes lead to: `['a/b', 0]` is `#/a~1b/0`. */
export function fragmentTo(steps: readonly PropertyKey[]): string {
  const escaped = steps.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'));
  return pointerFragment(['', ...escaped].join('/'));
}
