const SPECIAL = /["\\]/;
const EACH_SPECIAL = /["\\]/g;

/**
 * A Postgres array literal of texts (section "Array Input and Output Syntax" of its manual), for a parameter. The
 * driver's own writer inspects every element by kind and escapes it twice; ten arrays of 500 elements a flush make
 * that visible.
 */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map(element).join(',')}}`;
}

function element(value: string | null): string {
  if (value === null) return 'NULL';
  return SPECIAL.test(value) ? `"${value.replace(EACH_SPECIAL, '\\$&')}"` : `"${value}"`;
}
