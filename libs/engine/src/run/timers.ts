import { branchesOf, type Branch, type ExecutionState } from './state';

/** Something that happens at a time unless the execution has moved on. */
export type Timer = { at: number } & (
  | { kind: 'workflow' }
  | { kind: 'delay'; branch: Branch }
  | { kind: 'task' | 'attempt'; branch: Branch; depth: number }
);

/** The earliest timer of an execution; of several at one time, the end of a wait, then the outermost timeout. */
export function earliestTimer(state: ExecutionState): Timer | undefined {
  let earliest: Timer | undefined;
  const consider = (timer: Timer): void => {
    if (!earliest || timer.at < earliest.at) earliest = timer;
  };
  const branches = branchesOf(state.root);
  for (const branch of branches) {
    const at = branch.frames.at(-1)?.until;
    if (at !== undefined) consider({ kind: 'delay', at, branch });
  }
  if (state.deadline !== undefined) consider({ kind: 'workflow', at: state.deadline });
  for (const branch of branches) {
    branch.frames.forEach(({ deadline, attemptDeadline }, depth) => {
      if (deadline !== undefined) consider({ kind: 'task', at: deadline, branch, depth });
      if (attemptDeadline !== undefined) {
        consider({ kind: 'attempt', at: attemptDeadline, branch, depth });
      }
    });
  }
  return earliest;
}
