/** One segment of a JSON pointer (RFC 6901), escaped. */
export function pointerSegment(key: string | number): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Appends a key to a pointer: `/do/0` and `a/b` give `/do/0/a~1b`. */
export function pointerTo(parent: string, key: string | number): string {
  return `${parent}/${pointerSegment(key)}`;
}

/** The keys of a pointer, unescaped; a leading `#` makes it a URI fragment, which is decoded too. */
export function pointerKeys(pointer: string): string[] {
  const plain = pointer.startsWith('#') ? decodeURIComponent(pointer.slice(1)) : pointer;
  if (plain === '') return [];
  return plain
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}
