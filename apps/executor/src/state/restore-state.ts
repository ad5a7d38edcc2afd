import type { ExecutionState, Json } from '@easyflow/engine';
import {
  INPUT_ROW,
  UnreadableStateError,
  type Path,
  type Ref,
  type StoredState,
} from './stored-state';
import type { RestoredRow } from './stored-values';

/** A row of `execution_values` as it was read. */
export interface ReadValue {
  readonly id: number;
  readonly value: Json;
  readonly refs: readonly Ref[] | null;
}

/** The state of an envelope, and its rows with their values complete. */
export interface RestoredState {
  readonly state: ExecutionState;
  readonly rows: readonly RestoredRow[];
}

/**
 * Puts a stored state together. What refers to one place gets one value, so the next checkpoint finds everything
 * stored already. The values are completed where they are: they must be nobody else's.
 * @throws UnreadableStateError when something that is referred to is not there
 */
export function restoreState(
  stored: StoredState,
  input: Json,
  values: readonly ReadValue[],
): RestoredState {
  const rows = [...values].sort((one, other) => one.id - other.id);
  const byId = new Map<number, Json>([[INPUT_ROW, input]]);
  for (const { id, value, refs } of rows) {
    byId.set(id, value);
    if (refs) putInPlace(value, refs, byId);
  }
  putInPlace(stored.state as unknown as Json, stored.refs, byId);
  return { state: stored.state, rows };
}

function putInPlace(value: Json, refs: readonly Ref[], rows: ReadonlyMap<number, Json>): void {
  for (const [at, row, path = []] of refs) {
    const found = rows.get(row);
    if (found === undefined) throw new UnreadableStateError(`A state refers to row ${row}`);
    const holder = partOf(value, at.slice(0, -1));
    const key = at.at(-1);
    if (typeof holder !== 'object' || holder === null || key === undefined) throw unreachable(at);
    // The property is there, so `__proto__` is one too.
    (holder as { [key: string]: Json })[key] = partOf(found, path);
  }
}

function partOf(value: Json, path: Path): Json {
  let part = value;
  for (const key of path) {
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, key)) {
      throw unreachable(path);
    }
    part = (part as { [key: string]: Json })[key] as Json;
  }
  return part;
}

function unreachable(path: Path): UnreadableStateError {
  return new UnreadableStateError(`A state refers to ${JSON.stringify(path)}, which is not there`);
}
