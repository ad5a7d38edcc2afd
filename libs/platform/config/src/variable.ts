import type { z } from 'zod';

/** The programs that read the environment. `embedded` is the one-process shape, `local-services` the supervisor of the full shape on one machine. */
export const PROGRAMS = [
  'gateway',
  'flow-registry',
  'scheduler',
  'executor',
  'analytics',
  'issuer',
  'migrations',
  'embedded',
  'local-services',
] as const;
export type Program = (typeof PROGRAMS)[number];

/** One environment variable: how it is read, and what its documentation and its error say. */
export interface Variable<S extends z.ZodType = z.ZodType> {
  /** Takes the text of the variable, or of its default. */
  readonly schema: S;
  /** The text that counts when the variable is not set; without one it is required or optional by `schema`. */
  readonly default?: string;
  /** Never shown in an error; may also be given as a file, by the name with `_FILE` behind. */
  readonly secret?: true;
  /** One line for the documentation. */
  readonly about: string;
  /** What to write, for the error. */
  readonly fix: string;
  readonly usedBy: readonly Program[];
}

/** Keeps the schema's type while the rest is checked. */
export function variable<S extends z.ZodType>(definition: Variable<S>): Variable<S> {
  return definition;
}
