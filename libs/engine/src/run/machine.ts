import type { Json } from '@easyflow/expressions';
import type { CompiledProgram, Directive, RunFlowAction, TaskNode } from '../compile/program';
import { NotForThisProcess } from '../not-for-this-process';
import type { Effect } from './effects';
import type { Evaluation } from './evaluation';
import type { FlowError } from './flow-error';
import type { Journal } from './journal';
import type { Branch, ExecutionState, Frame } from './state';

/** What a branch does next. Undefined instead of a move: it waits for an effect or a timer, or has ended. */
export type Move =
  | { kind: 'enter'; index: number; input: Json }
  | { kind: 'complete'; output: Json; directive?: Directive | undefined }
  | { kind: 'fail'; error: FlowError };

/** What the parts of the interpreter share during one advance. */
export interface Machine {
  readonly program: CompiledProgram;
  /** A draft: its branches and frames are changed in place. */
  readonly state: ExecutionState;
  readonly journal: Journal;
  readonly evaluation: Evaluation;
  readonly now: number;
  /** Effects begun by this advance. */
  readonly effects: Effect[];
  /** Whether the shell knows that there is no such flow or version. */
  isMissing(flow: RunFlowAction['flow']): boolean;
  /** Counts what the shell is to store beside the state. */
  handOut(value: Json): void;
}

export function completed(output: Json, directive?: Directive): Move {
  return { kind: 'complete', output, directive };
}

/**
 * The task a frame stands for. A state belongs to one immutable program, so it is there unless a newer version finds
 * tasks where this one finds none.
 * @throws NotForThisProcess
 */
export function nodeOf(program: CompiledProgram, frame: Frame): TaskNode {
  const node = program.tasks.get(frame.task);
  if (!node) {
    const message = `The execution is at ${frame.task}, where this version knows no task`;
    throw new NotForThisProcess('task', message);
  }
  return node;
}

/** The frame of a branch's innermost task. */
export function innermost(branch: Branch): Frame {
  const frame = branch.frames.at(-1);
  if (!frame) throw new Error('The branch is inside no task');
  return frame;
}
