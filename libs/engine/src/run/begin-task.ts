import type { Json } from '@easyflow/expressions';
import { derivedId } from '@easyflow/kernel-ids';
import type { ForAction, TaskNode } from '../compile/program';
import { effectKey } from './effect-key';
import type { CallHttpEffect, HttpRequest } from './effects';
import { Fault, standardError, unknownFlow, type FlowError } from './flow-error';
import { buildRequest } from './http-request';
import { jsonText, shown } from './json-text';
import { completed, type Machine, type Move } from './machine';
import type { Branch, ExecutionState, Frame } from './state';
import { beginAttempt } from './try-task';

/** Does what a task is there for; it is the branch's innermost. @throws Fault */
export function beginTask(
  machine: Machine,
  branch: Branch,
  frame: Frame,
  node: TaskNode,
  input: Json,
): Move | undefined {
  const { evaluation, now } = machine;
  const { action } = node;
  const scope = { branch };
  switch (action.kind) {
    case 'set':
      return completed(evaluation.evaluate(action.value, input, scope));
    case 'switch': {
      const shared = action.limits ? { branch, limits: action.limits() } : scope;
      const holds = (when: (typeof action.cases)[number]['when']): boolean =>
        !when || evaluation.holds(when, input, shared);
      return completed(input, action.cases.find(({ when }) => holds(when))?.then);
    }
    case 'do':
      if (!node.keepsInput) {
        delete frame.input;
        delete frame.rawInput;
      }
      return { kind: 'enter', index: 0, input };
    case 'for':
      frame.items = itemsOf(evaluation.evaluate(action.items, input, scope), node);
      return iterate(machine, branch, frame, action, input);
    case 'try':
      return beginAttempt(machine, branch, frame);
    case 'raise':
      throw new Fault(raised(evaluation.evaluate(action.error, input, scope), node));
    case 'wait': {
      const delay = evaluation.duration(action.duration, input, scope);
      if (delay <= 0) return completed(input);
      frame.until = now + delay;
      return undefined;
    }
    case 'emit': {
      const attributes = evaluation.evaluate(action.event, input, scope);
      const event = machine.journal.emit(attributes, node.pointer);
      machine.handOut(event);
      return completed(event);
    }
    case 'callHttp': {
      const request = buildRequest(action, branch, evaluation);
      frame.effect = effectKey(machine.state, branch);
      machine.effects.push(callHttpEffect(machine.state, branch, frame, frame.effect, request));
      return undefined;
    }
    case 'callFunction': {
      const given = evaluation.evaluate(action.arguments, input, scope);
      return { kind: 'enter', index: 0, input: given };
    }
    case 'runFlow': {
      // An awaited one is told of by its signal; nobody would hear of this one.
      if (!action.await && machine.isMissing(action.flow)) {
        throw new Fault(unknownFlow(action.flow, node.pointer));
      }
      const given = evaluation.evaluate(action.input, input, scope);
      const key = effectKey(machine.state, branch);
      machine.handOut(given);
      const childId = derivedId(machine.now, key);
      machine.effects.push({
        kind: 'runFlow',
        key,
        task: node.pointer,
        flow: action.flow,
        childId,
        input: given,
        await: action.await,
      });
      if (!action.await) return completed(input);
      frame.effect = key;
      frame.childId = childId;
      return undefined;
    }
  }
}

/** Begins the next iteration of a loop with the output of the last, or ends the loop. @throws Fault */
export function iterate(
  machine: Machine,
  branch: Branch,
  frame: Frame,
  action: ForAction,
  input: Json,
): Move {
  const index = (frame.index ?? -1) + 1;
  if (index >= (frame.items?.length ?? 0)) return completed(input);
  frame.index = index;
  const goesOn = !action.while || machine.evaluation.holds(action.while, input, { branch });
  return goesOn ? { kind: 'enter', index: 0, input } : completed(input);
}

/** The effect of a call in flight: made when it begins, and again after a crash. */
export function callHttpEffect(
  state: ExecutionState,
  branch: Branch,
  frame: Frame,
  key: string,
  request: HttpRequest,
): CallHttpEffect {
  const tries = branch.frames.filter(({ phase }) => phase === 'try');
  const limits = [
    state.deadline,
    ...branch.frames.flatMap(({ deadline, attemptDeadline }) => [deadline, attemptDeadline]),
  ].filter((limit) => limit !== undefined);
  return {
    kind: 'callHttp',
    key,
    task: frame.task,
    attempt: (tries.at(-1)?.attempt ?? 0) + 1,
    ...(limits.length > 0 && { deadline: Math.min(...limits) }),
    request,
  };
}

function itemsOf(value: Json, node: TaskNode): Json[] {
  if (Array.isArray(value)) return value;
  const detail = `"for.in" must give a list, not ${shown(value)}`;
  throw new Fault(standardError('expression', detail, { instance: node.pointer }));
}

function raised(value: Json, node: TaskNode): FlowError {
  const { type, status, title, detail, instance } = value as { [key: string]: Json };
  if (typeof type !== 'string' || typeof status !== 'number') {
    const problem = 'The type of a raised error must be a text and its status a number';
    return standardError('expression', problem, { instance: node.pointer });
  }
  return {
    type,
    ...textual('title', title, node),
    status,
    ...textual('detail', detail, node),
    instance: typeof instance === 'string' && instance !== '' ? instance : node.pointer,
  };
}

function textual(
  key: 'title' | 'detail',
  value: Json | undefined,
  { pointer }: TaskNode,
): Partial<FlowError> {
  if (value === undefined || value === null) return {};
  const text = typeof value === 'string' ? value : jsonText(value, `${key} of the error`, pointer);
  return { [key]: text };
}
