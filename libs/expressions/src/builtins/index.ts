import { MAYBE, ONE, type Card } from '../compile/node';
import type { ValueFunction } from '../compile/calls';
import { ownEntry } from '../values/object';
import { arrays } from './arrays';
import { dates } from '../dates';
import { forms, type Make } from './forms';
import { math } from './math';
import { objects } from './objects';
import { preludeKeys } from './prelude';
import { regexForms, regexes } from '../regex/builtins';
import { system } from './system';
import { texts } from './texts';

/** A builtin: computed of values, or made into a node of its own. */
export type Builtin =
  | { readonly kind: 'value'; readonly run: ValueFunction; readonly card: Card }
  | { readonly kind: 'form'; readonly make: Make };

const values: Readonly<Record<string, ValueFunction>> = {
  ...arrays,
  ...objects,
  ...texts,
  ...math,
  ...system,
  ...dates,
  ...regexes,
  'builtins/0': () => builtinNames(),
};

const allForms: Readonly<Record<string, Make>> = { ...forms, ...regexForms };

let names: string[] | undefined;

/** The keys (`name/arity`) of all builtins, for completion. */
export function builtinNames(): string[] {
  names ??= [...new Set([...Object.keys(values), ...Object.keys(allForms), ...preludeKeys()])]
    .filter((name) => !name.startsWith('_'))
    .sort();
  return names;
}

/** The builtin of a key (`name/arity`), if it is not written in jq. */
export function builtinOf(key: string): Builtin | undefined {
  const make = ownEntry(allForms, key);
  if (make !== undefined) return { kind: 'form', make };
  const run = ownEntry(values, key);
  if (run === undefined) return undefined;
  return { kind: 'value', run, card: key.startsWith('halt') ? MAYBE : ONE };
}
