/** What stands for itself in a URI fragment, and in a JSON pointer. */
const PLAIN = /^[\w/~.-]*$/;

/**
 * Characters of a pointer that is told as it is: twenty for each of the hundred levels that bodies and documents may have.
 * Keys may be as long as a body; fifty errors below one would come to a hundred times the request.
 */
const MOST_CHARACTERS = 2_000;

/**
 * A JSON pointer (RFC 6901) as a URI fragment: `/do/0/a b` is `#/do/0/a%20b`. Only what a fragment cannot hold is
 * encoded; a lone surrogate, which has no UTF-8, becomes U+FFFD. Of a pointer of more than 2,000 characters
 * it is the nearest place around it that has fewer.
 */
export function pointerFragment(pointer: string): string {
  if (pointer.length > MOST_CHARACTERS) {
    return pointerFragment(pointer.slice(0, pointer.lastIndexOf('/', MOST_CHARACTERS)));
  }
  if (PLAIN.test(pointer)) return `#${pointer}`;
  return `#${encodeURI(pointer.toWellFormed()).replaceAll('#', '%23')}`;
}

/** The fragment of the place that these keys and indexes lead to: `['a/b', 0]` is `#/a~1b/0`. */
export function fragmentTo(steps: readonly PropertyKey[]): string {
  const escaped = steps.map((step) => String(step).replaceAll('~', '~0').replaceAll('/', '~1'));
  return pointerFragment(['', ...escaped].join('/'));
}
