import {
  advance,
  createState,
  effectsInFlight,
  loadFlow,
  type ExecutionState,
  type Json,
  type Program,
} from '@easyflow/engine';
import { LRUCache } from 'lru-cache';
import { parentPort } from 'node:worker_threads';
import { isFinal } from '../execution/final';
import { flowKey } from '../execution/flow-key';
import { withRefs } from './state-refs';
import type { TurnAnswer, TurnJob } from './turn-messages';

/** Between two tasks a turn yields after so much CPU, so that tenants take turns. */
const YIELD_MS = 50;

/** Characters of documents; see `ProgramCache`. */
const programs = new LRUCache<string, Program>({
  max: 1_000,
  maxSize: 4_000_000,
  sizeCalculation: ({ size }) => size,
});
/** The states of the last answers: what goes on at once need not be sent again. */
const states = new LRUCache<number, ExecutionState>({ max: 4 });
let answers = 0;

function answerTo(job: TurnJob): TurnAnswer {
  const program = programs.get(job.program) ?? compiled(job);
  if (!program) return { kind: 'lacks', what: 'program' };
  const before = stateBefore(job, program);
  if (!before) return { kind: 'lacks', what: 'state' };
  const begun = process.threadCpuUsage();
  const missing = new Set(job.missing);
  const step = advance(program, before, {
    now: job.now,
    signals: [...job.signals],
    isMissing: (flow) => missing.has(flowKey(flow)),
    budget: { yieldMs: YIELD_MS, ...(job.steps !== undefined && { steps: job.steps }) },
  });
  const again = job.redispatch && !isFinal(step);
  const inFlight = again ? effectsInFlight(program, step.state) : [];
  const { user, system } = process.threadCpuUsage(begun);
  answers += 1;
  states.set(answers, step.state);
  const { state, refs } = withRefs(isFirst(job) ? { input: job.start.input } : before, step.state);
  const cpuMs = (user + system) / 1_000;
  return { kind: 'done', number: answers, step: { ...step, state }, refs, inFlight, cpuMs };
}

/** Of a state that was made here, the other side has the input only. */
function isFirst({ state, stateOf }: TurnJob): boolean {
  return state === undefined && stateOf === undefined;
}

function compiled({ program: key, document }: TurnJob): Program | undefined {
  if (document === undefined) return undefined;
  const program = loadFlow(JSON.parse(document) as Json);
  programs.set(key, program);
  return program;
}

function stateBefore(
  { state, stateOf, start, now }: TurnJob,
  program: Program,
): ExecutionState | undefined {
  if (stateOf !== undefined) return states.get(stateOf);
  const { executionId, input, parentId } = start;
  return (
    state ??
    createState(program, { executionId, input, now, ...(parentId !== undefined && { parentId }) })
  );
}

function failure(error: unknown): TurnAnswer {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string'
      ? error.code
      : undefined;
  return { kind: 'failed', code, message, stack };
}

parentPort?.on('message', (job: TurnJob) => {
  let answer: TurnAnswer;
  try {
    answer = answerTo(job);
  } catch (error) {
    answer = failure(error);
  }
  try {
    parentPort?.postMessage(answer);
  } catch (error) {
    parentPort?.postMessage({ ...failure(error), code: 'turn.unsendable' });
  }
});
