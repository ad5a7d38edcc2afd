import type { Json } from '../values/json';
import { kindOf } from '../values/json';
import { brief } from '../values/print';
import { failure } from './failure';
import { meter } from './meter';

/** Raises an error of the jq program at the operation under way. */
export function raise(message: string): never {
  throw failure(message, meter.at);
}

/** `string ("abc")`: how jq's messages show a value. */
export function describe(value: Json): string {
  return `${kindOf(value)} (${brief(value)})`;
}

/** jq's error about a value that cannot be a key. */
export function keyComplaint(value: Json): string {
  return `Cannot use ${describe(value)} as object key`;
}

/** A value as the key of an object; raises jq's error where it is no string. */
export function keyOf(value: Json): string {
  return typeof value === 'string' ? value : raise(keyComplaint(value));
}

/** Raises jq's error about one value. */
export function raiseAbout(value: Json, complaint: string): never {
  raise(`${describe(value)} ${complaint}`);
}

/** Raises jq's error about two values. */
export function raiseAboutBoth(a: Json, b: Json, complaint: string): never {
  raise(`${describe(a)} and ${describe(b)} ${complaint}`);
}
