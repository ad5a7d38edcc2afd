import type { Definition } from '../syntax/ast';
import type { Json } from '../values/json';
import type { Card } from './node';
import type { Callable } from './calls';

/** The slots of one function's frame. */
export class FrameLayout {
  private size = 1;

  /** `level` counts the functions around this one. */
  constructor(readonly level: number) {}

  /** A new slot. */
  allocate(): number {
    this.size += 1;
    return this.size - 1;
  }
}

/** What a name stands for. */
export type Meaning =
  | { readonly kind: 'variable'; readonly slot: number }
  | { readonly kind: 'constant'; readonly value: Json }
  | { readonly kind: 'label'; readonly slot: number }
  | { readonly kind: 'parameter'; readonly slot: number; readonly card: Card }
  | {
      readonly kind: 'function';
      readonly definition: Definition;
      /** One for each combination of numbers of outputs of the arguments. */
      readonly callables: Map<string, Callable>;
    };

/** The names that are visible at a place of the program: a list, innermost first. */
export interface Scope {
  readonly name: string;
  readonly meaning: Meaning;
  readonly layout: FrameLayout;
  readonly parent: Scope | undefined;
  /** The scope of a definition that is visible here but stands elsewhere: in a module. */
  readonly home?: Scope;
}

/** The key of a variable (`$x`), label, or function with its number of parameters. */
export const keys = {
  variable: (name: string) => `$${name}`,
  label: (name: string) => `*${name}`,
  function: (name: string, arity: number) => `${name}/${arity}`,
};

/** Looks a key up. */
export function lookUp(scope: Scope | undefined, key: string): Scope | undefined {
  let found = scope;
  while (found !== undefined && found.name !== key) found = found.parent;
  return found;
}
