import type { Json } from '@easyflow/expressions';
import type { CompiledProgram, Program } from '../compile/program';
import type { FlowError } from './flow-error';

/** The phases an execution can be in between two advances. */
export type ExecutionStatus =
  'pending' | 'running' | 'waiting' | 'completed' | 'faulted' | 'cancelled';

/**
 * An execution at rest: plain JSON, a tree of branches. Advancing never changes a state, it makes a new one
 * that shares the data. Times are milliseconds since the epoch.
 */
export interface ExecutionState {
  readonly format: 1;
  readonly id: string;
  readonly parentId?: string;
  /** Raised by a replay, so that its effects get keys of their own. */
  readonly generation: number;
  status: ExecutionStatus;
  startedAt: number;
  /** The raw input: until the start, and afterwards only when the flow reads `$workflow`. */
  input?: Json;
  context: Json;
  /** Sequence of the last history item. */
  sequence: number;
  /** Number of the last event. */
  eventCount: number;
  deadline?: number;
  root: Branch;
  output?: Json;
  error?: FlowError;
}

/** One line of control: the tasks it is inside of, outermost first. */
export interface Branch {
  /** Pointer of the list of tasks it runs. */
  list: string;
  frames: Frame[];
  /** Tasks of `list` begun so far. */
  steps: number;
  /** The task of the innermost scope to begin next, when the budget of an advance ended before it. */
  next?: PutOff;
}

/** A task that is still to begin. */
export interface PutOff {
  index: number;
  input: Json;
  /** The instant of what led to it, which may lie before the time of the advance. */
  at?: number;
  /** The time of the advance that put it off. */
  since?: number;
}

/** A task that has started and not ended. */
export interface Frame {
  /** JSON pointer of the task. */
  task: string;
  /** How many tasks its scope had begun, with it: tells the visits of one task apart. */
  visit: number;
  startedAt: number;
  /** Transformed input; absent when nothing reads it again. */
  input?: Json;
  /** Raw input, where the transformed one differs. */
  rawInput?: Json;
  deadline?: number;
  /** Tasks begun in the scope inside this one. */
  steps?: number;
  /** Key of the effect in flight. */
  effect?: string;
  /** The execution that it waits for, when the effect is a sub-flow. */
  childId?: string;
  /** End of a wait or of the delay before a retry. */
  until?: number;
  /** Of a loop. */
  items?: Json[];
  index?: number;
  /** Of a try: how often it was tried again, and what it does now. */
  attempt?: number;
  phase?: 'try' | 'delay' | 'catch';
  attemptDeadline?: number;
  error?: FlowError;
  /** Of a fork. */
  branches?: Branch[];
}

/** An execution that has not started. */
export function createState(
  program: Program,
  start: { executionId: string; input: Json; now: number; parentId?: string },
): ExecutionState {
  const { executionId, input, now, parentId } = start;
  return {
    format: 1,
    id: executionId,
    ...(parentId !== undefined && { parentId }),
    generation: 0,
    status: 'pending',
    startedAt: now,
    input,
    context: null,
    sequence: 0,
    eventCount: 0,
    root: { list: (program as CompiledProgram).main.pointer, frames: [], steps: 0 },
  };
}

/** A copy whose branches and frames may be changed; the data in them is shared. */
export function draftOf(state: ExecutionState): ExecutionState {
  return { ...state, root: draftBranch(state.root) };
}

function draftBranch(branch: Branch): Branch {
  return { ...branch, frames: branch.frames.map(draftFrame) };
}

function draftFrame(frame: Frame): Frame {
  return frame.branches ? { ...frame, branches: frame.branches.map(draftBranch) } : { ...frame };
}

/** Executions that a state waits for. */
export function childrenInFlight(state: ExecutionState): string[] {
  return branchesOf(state.root).flatMap(({ frames }) =>
    frames.flatMap(({ childId }) => (childId === undefined ? [] : [childId])),
  );
}

/** All branches of a tree, each before those inside it. */
export function branchesOf(root: Branch): Branch[] {
  const inner = root.frames.flatMap((frame) => frame.branches ?? []);
  return inner.length === 0 ? [root] : [root, ...inner.flatMap(branchesOf)];
}
