import { childrenInFlight, lifecycleEvent, type FlowError } from '@easyflow/engine';
import type { CheckpointContent } from '../checkpoint/checkpoint';
import type { LiveExecution } from './live-execution';

export type OutsideEnd =
  { readonly status: 'faulted'; readonly error: FlowError } | { readonly status: 'cancelled' };

/**
 * Ends an execution without the engine, with the next item of its history; what it had not stored yet is lost. Its
 * state may be anything: what cannot be read of it is left. There are at least as many items as events, so the number
 * of the event is of none before it.
 */
export function endOutside(
  execution: LiveExecution,
  end: OutsideEnd,
  { sequence, now }: { readonly sequence: number; readonly now: number },
): CheckpointContent {
  const at = new Date(now).toISOString();
  const { facts, state } = execution;
  const { status } = end;
  const number = (numberOf(state?.eventCount) ?? sequence - 1) + 1;
  const told = end.status === 'faulted' ? { error: { ...end.error } } : undefined;
  execution.forgetTurn();
  execution.events = [lifecycleEvent(facts, number, status, at, told)];
  execution.children = [];
  execution.abandonedChildren.push(...childrenOf(execution));
  execution.history = [{ sequence, type: 'executionEnded', at, status, ...told }];
  return { outcome: 'end', status, ...told };
}

/** The sequence of the next item of the history; undefined when the state does not say it. */
export function firstUnsaved({ history, state }: LiveExecution): number | undefined {
  const [first] = history;
  if (first) return first.sequence;
  if (!state) return 1;
  const last = numberOf(state.sequence);
  return last === undefined ? undefined : last + 1;
}

function childrenOf({ state }: LiveExecution): string[] {
  try {
    return state ? childrenInFlight(state) : [];
  } catch {
    return [];
  }
}

function numberOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}
