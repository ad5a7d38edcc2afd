import type { Json } from '@easyflow/expressions';
import { Fault, standardError } from './flow-error';
import { MOST_TEXT, weightOf } from './weight';

/**
 * JSON text of a value that goes into a text of its own.
 * @throws Fault when it is too large, or nested too deeply to be written
 */
export function jsonText(value: Json, what: string, instance: string): string {
  refuseLarge(value, MOST_TEXT, what, instance);
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const detail = `The ${what} is nested too deeply to be written`;
    throw new Fault(standardError('runtime', detail, { instance }));
  }
}

/** @throws Fault when the value weighs more than it may */
export function refuseLarge(value: Json, most: number, what: string, instance: string): void {
  if (weightOf(value, most) > most) throw tooLarge(most, what, instance);
}

export function tooLarge(most: number, what: string, instance: string): Fault {
  const detail = `The ${what} is larger than ${most} characters`;
  return new Fault(standardError('runtime', detail, { instance }));
}

const MOST_SHOWN = 100;

/** How a message shows a value: the beginning of its JSON; of one with many parts only what it is. */
export function shown(value: Json): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MOST_SHOWN));
  if (weightOf(value, 2 * MOST_SHOWN) <= 2 * MOST_SHOWN) {
    return JSON.stringify(value).slice(0, MOST_SHOWN);
  }
  return Array.isArray(value) ? 'a list' : 'a map';
}
