/** Patterns that the rule judges too hard, and why each is linear all the same. */
export const exceptions: ReadonlyMap<string, string>;
