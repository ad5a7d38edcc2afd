import type { Json } from '@easyflow/expressions';
import type { Branch, ExecutionState, Frame } from './state';

/** Keys and indices from the state to a place in it. */
export type DataPath = readonly (string | number)[];

/** Gives what stands in a copy instead of a value of the state. */
export type ReplaceData = (value: Json, path: DataPath) => Json;

/**
 * A copy of a state whose data is what `replace` gives: everything but the tree of branches and frames itself, so
 * inputs, contexts, lists of loops, errors, and what a later version adds. A store can put the large ones elsewhere.
 */
export function mapData(state: ExecutionState, replace: ReplaceData): ExecutionState {
  return {
    ...mapValues(state, [], ['root'], replace),
    root: mapBranch(state.root, ['root'], replace),
  };
}

function mapBranch(branch: Branch, path: DataPath, replace: ReplaceData): Branch {
  const { frames, next } = branch;
  return {
    ...mapValues(branch, path, ['frames', 'next'], replace),
    frames: frames.map((frame, index) => mapFrame(frame, [...path, 'frames', index], replace)),
    ...(next && { next: mapValues(next, [...path, 'next'], [], replace) }),
  };
}

function mapFrame(frame: Frame, path: DataPath, replace: ReplaceData): Frame {
  const mapped = mapValues(frame, path, ['branches'], replace);
  if (!frame.branches) return mapped;
  const branches = frame.branches.map((branch, index) =>
    mapBranch(branch, [...path, 'branches', index], replace),
  );
  return { ...mapped, branches };
}

/** What is structure stays as it is. */
function mapValues<T extends object>(
  holder: T,
  path: DataPath,
  structure: readonly (keyof T & string)[],
  replace: ReplaceData,
): T {
  const mapped = { ...holder };
  for (const key of Object.keys(holder) as (keyof T & string)[]) {
    const value = holder[key] as Json | undefined;
    if (value === undefined || typeof value === 'number' || structure.includes(key)) continue;
    mapped[key] = replace(value, [...path, key]) as T[typeof key];
  }
  return mapped;
}
