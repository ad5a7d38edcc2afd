import type { Json } from '@easyflow/expressions';
import type { TryAction } from '../compile/program';
import { effectKey } from './effect-key';
import { matchesFilter, type FlowError } from './flow-error';
import { completed, nodeOf, type Machine, type Move } from './machine';
import { retryDelay } from './retries';
import type { Branch, Frame } from './state';

/** Begins an attempt of a `try`, which must be the branch's innermost task. */
export function beginAttempt(machine: Machine, branch: Branch, frame: Frame): Move {
  const limit = tryAction(machine, frame).catch.retry?.attemptLimit;
  const input = frame.input ?? null;
  frame.attempt ??= 0;
  frame.phase = 'try';
  delete frame.error;
  delete frame.attemptDeadline;
  if (limit !== undefined) {
    frame.attemptDeadline = machine.now + machine.evaluation.duration(limit, input, { branch });
  }
  return { kind: 'enter', index: 0, input };
}

/** Begins the next attempt after its delay. */
export function tryAgain(machine: Machine, branch: Branch, frame: Frame): Move {
  frame.attempt = (frame.attempt ?? 0) + 1;
  delete frame.until;
  machine.journal.record('taskRetried', frame.task, { attempt: frame.attempt });
  return beginAttempt(machine, branch, frame);
}

/**
 * Handles an error that a task of the innermost `try` has raised. The order is: retry while the policy allows,
 * then `catch.do`, then `catch.then`; an error whose retries are used up and which nothing else handles goes on.
 * @throws Fault when a condition of the catch fails
 */
export function catchError(
  machine: Machine,
  branch: Branch,
  frame: Frame,
  error: FlowError,
): Move | undefined {
  const { catch: handler } = tryAction(machine, frame);
  const input = frame.input ?? null;
  delete frame.attemptDeadline;
  frame.error = error;
  if (!isCaught(machine, branch, handler, error, input)) return { kind: 'fail', error };
  if (handler.retry) {
    const key = `${effectKey(machine.state, branch)} retry`;
    const moment = { now: machine.now, key };
    const delay = retryDelay(handler.retry, frame, branch, machine.evaluation, moment);
    if (delay !== undefined) {
      if (delay <= 0) return tryAgain(machine, branch, frame);
      frame.phase = 'delay';
      frame.until = machine.now + delay;
      return undefined;
    }
    if (!handler.list && !handler.then) return { kind: 'fail', error };
  }
  frame.phase = 'catch';
  return handler.list ? { kind: 'enter', index: 0, input } : completed(input, handler.then);
}

function isCaught(
  machine: Machine,
  branch: Branch,
  handler: TryAction['catch'],
  error: FlowError,
  input: Json,
): boolean {
  const { evaluation } = machine;
  const scope = { branch };
  return (
    (!handler.filter || matchesFilter(error, handler.filter)) &&
    (!handler.when || evaluation.holds(handler.when, input, scope)) &&
    !(handler.exceptWhen && evaluation.holds(handler.exceptWhen, input, scope))
  );
}

function tryAction(machine: Machine, frame: Frame): TryAction {
  const { action } = nodeOf(machine.program, frame);
  if (action.kind !== 'try') throw new Error(`${frame.task} is no try`);
  return action;
}
