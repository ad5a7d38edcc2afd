import type { ExecutionState } from '@easyflow/engine';
import { UnexpectedError } from '@easyflow/kernel-errors';

/**
 * How states are stored. A small one is the engine's JSON as it is. From a size on it is an envelope: a state
 * with null in place of its large values, and where they are (ADR 0027). The engine's own `format` is inside.
 */
export const STORAGE_FORMAT = 2;

/** Keys and indices from a value to a part of it. */
export type Path = readonly (string | number)[];

/**
 * Puts a value, or a part of it, in place: where, the row of `execution_values` (0: the input of the execution),
 * and the path within that row's value when it is not the whole.
 */
export type Ref = readonly [at: Path, row: number, path?: Path];

/** The row of a `Ref` that stands for the input of the execution. */
export const INPUT_ROW = 0;

export interface StoredState {
  readonly storage: typeof STORAGE_FORMAT;
  /** Characters of the JSON of all rows that belong to the state, which are read with it. */
  readonly size: number;
  readonly refs: readonly Ref[];
  readonly state: ExecutionState;
}

/** A row of `execution_values`, JSON as text. */
export interface ValueRow {
  readonly id: number;
  readonly value: string;
  /** `Ref[]`: parts of the value that stand in rows with lower ids, or earlier in it. */
  readonly refs: string | null;
}

/**
 * A stored state that this process cannot read: a row is missing, or, with the code `execution.not_for_this_process`, a
 * later version wrote it. It says nothing about the flow.
 */
export class UnreadableStateError extends UnexpectedError {
  constructor(message: string, code = 'state.unreadable') {
    super(code, message);
  }
}

/**
 * The envelope in what the column holds; undefined when the state is stored whole.
 * @throws UnreadableStateError when a later version wrote it
 */
export function storedStateOf(column: unknown): StoredState | undefined {
  if (typeof column !== 'object' || column === null || !Object.hasOwn(column, 'storage')) {
    return undefined;
  }
  const { storage } = column as { storage: unknown };
  if (storage === STORAGE_FORMAT) return column as StoredState;
  throw new UnreadableStateError(
    `The state is stored in format ${String(storage)}, which this version cannot read`,
    'execution.not_for_this_process',
  );
}
