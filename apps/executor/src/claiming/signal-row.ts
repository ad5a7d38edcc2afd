import { NotForThisProcess, type Signal } from '@easyflow/engine';
import type { StoredSignal } from '../execution/live-execution';

/** What the engine reads of a signal of each kind, beside values of any shape. */
const TEXTS: { readonly [kind in Signal['kind']]: readonly string[] } = {
  effectSucceeded: ['key'],
  effectFailed: ['key'],
  childEnded: ['key', 'childId', 'status'],
  cancel: [],
};

/**
 * Signals as they are stored. One that means nothing is there without its signal, so that its row is deleted and nobody
 * stumbles over it again.
 * @throws NotForThisProcess when a newer version has written one
 */
export function readSignals(stored: unknown): StoredSignal[] {
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((item: unknown) => {
    const { id, signal } = (item ?? {}) as { id?: unknown; signal?: unknown };
    return typeof id === 'string' ? [{ id, signal: readSignal(signal) }] : [];
  });
}

/** @throws as `readSignals` */
export function readSignal(stored: unknown): Signal | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined;
  const members = stored as Record<string, unknown>;
  const { kind } = members;
  if (typeof kind !== 'string') return undefined;
  if (!Object.hasOwn(TEXTS, kind)) {
    const message = 'This version does not know a signal of this execution';
    throw new NotForThisProcess('state', message);
  }
  const known = kind as Signal['kind'];
  if (!TEXTS[known].every((name) => typeof members[name] === 'string')) return undefined;
  if (known === 'effectFailed' && !isError(members['error'])) return undefined;
  return stored as Signal;
}

function isError(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && 'status' in value;
}
