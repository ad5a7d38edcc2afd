/** A JSON value. Numbers may be NaN or infinite inside an evaluation; never in what leaves it. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/** The names that jq's `type` answers. */
export type Kind = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

/** The kind of a value, as jq's `type`. */
export function kindOf(value: Json): Kind {
  if (typeof value === 'object') {
    return value === null ? 'null' : Array.isArray(value) ? 'array' : 'object';
  }
  return typeof value as 'boolean' | 'number' | 'string';
}

/** Rank in jq's order of kinds: null, false, true, numbers, strings, arrays, objects. */
export function rankOf(value: Json): number {
  switch (typeof value) {
    case 'number':
      return 3;
    case 'string':
      return 4;
    case 'boolean':
      return value ? 2 : 1;
    default:
      return value === null ? 0 : Array.isArray(value) ? 5 : 6;
  }
}

/** Whether a value is an object (not null, not an array). */
export function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** False for null and false only. */
export function isTrue(value: Json): boolean {
  return value !== null && value !== false;
}
