import { defaultLimits, StepPool, type Json, type Limits } from '@easyflow/expressions';

/** A value with so few expressions leaves each of them its own limits. */
const FEW = 4;

/** What each expression may build at least, in bytes. */
const LEAST_BYTES = 4 * 1024 * 1024;

/**
 * Makes the limits of one evaluation of a value with many expressions: together they have the steps of one, and about
 * its memory. Twenty thousand that each stay below their own limit would hold a process for hours. Undefined when
 * the value has few.
 */
export function sharedLimits(value: Json, mode: 'strict' | 'loose'): (() => Limits) | undefined {
  const text = JSON.stringify(value);
  return limitsOf(mode === 'strict' ? text.split('${').length - 1 : text.split('"').length / 2);
}

/** The same for so many expressions that are evaluated one after the other. */
export function limitsOf(count: number): (() => Limits) | undefined {
  if (count <= FEW) return undefined;
  const bytes = Math.max(LEAST_BYTES, Math.floor(defaultLimits.bytes / count));
  return () => ({ bytes, pool: new StepPool() });
}
