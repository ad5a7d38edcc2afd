import type { Json } from '../values/json';

/** The name of a bound. */
export type LimitName = 'steps' | 'memory';

/**
 * An error of the jq program, which `try` can catch. Made without a stack trace, since `.a?`
 * raises them by the million.
 */
export class Failure extends Error {
  declare value: Json;
  declare at: number;
}

/** Makes a failure; `at` is an offset in the source, or -1. */
export function failure(value: Json, at: number): Failure {
  const made = Object.create(Failure.prototype) as Failure;
  made.value = value;
  made.at = at;
  return made;
}

/** A bound was reached. The jq program cannot catch it. */
export class LimitReached extends Error {
  constructor(
    readonly limit: LimitName,
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

/** `halt` and `halt_error`: the program ends here; a value is an error that no `try` catches. */
export class HaltRequest extends Error {
  constructor(
    readonly value: Json | undefined,
    readonly at: number,
  ) {
    super();
  }
}
