import { compileFlow, loadFlow } from '../compile/compile-flow';
import { parseDocument } from '../document/parse-document';
import { advance, effectsInFlight, type Advance, type Signal } from './advance';
import type { CloudEvent } from './cloud-event';
import type { CallHttpEffect, Effect, RunFlowEffect } from './effects';
import type { FlowError } from './flow-error';
import type { HistoryItem } from './journal';
import { createState, type ExecutionState } from './state';
import type { Json } from '@easyflow/expressions';

/** How a shell of a test answers a call: its output, an error, or nothing ever. */
export type Answer = { output: Json } | { error: FlowError } | 'hang';

export interface VirtualOptions {
  input?: Json;
  secrets?: Json;
  /** Tasks an advance may begin, or those of the first, the second …, over and over. */
  steps?: number | readonly number[];
  /** How many of the signals that have come the first advance is given, the second …, over and over; all otherwise. */
  batches?: readonly number[];
  /** `count` from 0. */
  call?: (effect: CallHttpEffect, count: number) => Answer;
  child?: (effect: RunFlowEffect) => Answer;
  /** Looks at, or replaces, every state between two advances. */
  between?: (state: ExecutionState) => ExecutionState;
  /**
   * Every advance is made by a new process, which loads the flow and takes the calls in flight over, after one that
   * died before its checkpoint; and all signals come twice.
   */
  takenOver?: boolean;
}

/** What an execution did, on a clock that jumps from timer to timer. */
export interface VirtualRun {
  last: Advance;
  history: HistoryItem[];
  effects: Effect[];
  events: CloudEvent[];
  /** Milliseconds from start to end. */
  elapsed: number;
}

const START = Date.UTC(2026, 0, 1);

/** A flow document around the tasks and other top-level parts given as YAML. */
export function flow(body: string): string {
  return `document: { dsl: '1.0.3', namespace: test, name: test, version: '1.0.0' }\n${body}`;
}

/** Runs the YAML of a flow to its end, or until nothing can happen any more. */
export function runVirtually(body: string, options: VirtualOptions = {}): VirtualRun {
  let program = compileFlow(parseDocument(flow(body), 'application/yaml'));
  const run: VirtualRun = {
    last: undefined as unknown as Advance,
    history: [],
    effects: [],
    events: [],
    elapsed: 0,
  };
  let now = START;
  const arrived: Signal[] = [];
  let calls: CallHttpEffect[] = [];
  let state = createState(program, { executionId: 'e1', input: options.input ?? {}, now });
  for (let turn = 0; turn < 10_000; turn += 1) {
    const inputs = {
      now,
      ...(options.secrets !== undefined && { secrets: options.secrets }),
      ...(options.steps !== undefined && { budget: { steps: nth(options.steps, turn) } }),
    };
    const news = arrived.splice(0, nth(options.batches ?? [arrived.length], turn));
    if (options.takenOver) {
      advance(program, state, { ...inputs, signals: news });
      program = loadFlow(program.document);
    }
    const signals = options.takenOver ? [...news, ...news] : news;
    const step = advance(program, state, { ...inputs, signals });
    run.last = step;
    run.history.push(...step.history);
    run.events.push(...step.events);
    run.elapsed = now - START;
    for (const effect of step.effects) {
      run.effects.push(effect);
      arrived.push(...answer(effect, options, run.effects.length - 1));
    }
    state = options.between?.(step.state) ?? step.state;
    calls = inFlight(calls, step);
    if (options.takenOver) {
      const again = effectsInFlight(program, state, inputs);
      expect(JSON.stringify(again)).toBe(JSON.stringify(calls));
    }
    const isOver = ['completed', 'faulted', 'cancelled'].includes(step.status);
    if (isOver) return run;
    if (arrived.length > 0 || step.yielded) continue;
    if (step.wakeAt === undefined) return run;
    now = Math.max(now, step.wakeAt);
  }
  throw new Error('The execution does not end');
}

function nth(list: number | readonly number[], turn: number): number {
  return typeof list === 'number' ? list : (list[turn % list.length] ?? 1);
}

/** The calls of before that matter still, and those begun. */
function inFlight(before: readonly CallHttpEffect[], step: Advance): CallHttpEffect[] {
  const begun = step.effects.filter((effect) => effect.kind === 'callHttp');
  const waiting = JSON.stringify(step.state.root);
  return [...before, ...begun].filter(({ key }) => waiting.includes(key));
}

function answer(effect: Effect, options: VirtualOptions, count: number): Signal[] {
  const { key } = effect;
  if (effect.kind === 'callHttp') {
    const given = options.call?.(effect, count) ?? { output: null };
    if (given === 'hang') return [];
    return 'error' in given
      ? [{ kind: 'effectFailed', key, error: given.error }]
      : [{ kind: 'effectSucceeded', key, output: given.output }];
  }
  const given = options.child?.(effect) ?? { output: null };
  if (given === 'hang' || !effect.await) return [];
  const childId = 'child';
  return 'error' in given
    ? [{ kind: 'childEnded', key, childId, status: 'faulted', error: given.error }]
    : [{ kind: 'childEnded', key, childId, status: 'completed', output: given.output }];
}
