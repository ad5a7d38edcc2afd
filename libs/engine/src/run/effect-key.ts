import { createHash } from 'node:crypto';
import type { Branch, ExecutionState } from './state';

/**
 * The key of the effect of a branch's innermost task: a hash of the execution, its generation and the path of
 * tasks, each with its visit ordinal, its retry ordinal and its iteration. So a `then` that jumps back, a loop and a nested retry each give
 * a new key, and a dispatch after a crash the same.
 */
export function effectKey(state: ExecutionState, branch: Branch): string {
  const path = branch.frames.map((frame) => [
    frame.task,
    frame.visit,
    frame.attempt ?? 0,
    frame.index ?? 0,
  ]);
  return createHash('sha256')
    .update(JSON.stringify([state.id, state.generation, branch.list, path]))
    .digest('hex');
}
