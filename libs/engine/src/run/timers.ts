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

/**
 * The branch whose next task was put off first, and the instant to which that task belongs. What has happened at one
 * instant comes before every timer of it. But time may have gone on since it was put off: then it belongs to the end of
 * the advance that put it off, so that a loop that never rests is still ended by the time limits around it.
 */
export function earliestPutOff(
  state: ExecutionState,
  now: number,
): { branch: Branch; at: number } | undefined {
  let earliest: { branch: Branch; at: number } | undefined;
  for (const branch of branchesOf(state.root)) {
    const { next } = branch;
    if (!next) continue;
    const { at = now, since = now } = next;
    const instant = now > since ? since : at;
    if (!earliest || instant < earliest.at) earliest = { branch, at: instant };
  }
  return earliest;
}
