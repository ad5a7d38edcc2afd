/**
 * The text of a JSON value with the members of every object in order of their names, so that equal values have
 * equal texts (RFC 8785 without its number formatting: both sides of a comparison are written by this function).
 * Not recursive: the depth of the value was bounded when it was parsed.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    const names = Object.keys(member).sort();
    // Object.fromEntries defines members, so that one called __proto__ stays a member.
    return Object.fromEntries(
      names.map((name) => [name, (member as Record<string, unknown>)[name]]),
    );
  });
}
