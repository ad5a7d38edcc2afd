import { CpuAllowance, type Json } from '@easyflow/expressions';
import { formatTime } from '@easyflow/kernel-time';
import type { CompiledProgram, Program } from '../compile/program';
import { NotForThisProcess } from '../not-for-this-process';
import { callHttpEffect } from './begin-task';
import type { CloudEvent } from './cloud-event';
import type { CallHttpEffect, Effect } from './effects';
import { Evaluation } from './evaluation';
import { standardError, type FlowError } from './flow-error';
import { authorizationValue, buildRequest } from './http-request';
import { Interpreter, type Budget } from './interpreter';
import { Journal, type HistoryItem } from './journal';
import { innermost, nodeOf } from './machine';
import { branchesOf, draftOf, type Branch, type ExecutionState } from './state';
import { earliestPutOff, earliestTimer, type Timer } from './timers';
import { isTooHeavy, MOST_STATE } from './weight';

/** News from outside. A signal whose key is not in flight is ignored: delivery is at least once. */
export type Signal =
  | { kind: 'effectSucceeded'; key: string; output: Json }
  | { kind: 'effectFailed'; key: string; error: FlowError }
  | {
      kind: 'childEnded';
      key: string;
      childId: string;
      status: 'completed' | 'faulted' | 'cancelled';
      output?: Json;
      error?: FlowError;
    }
  | { kind: 'cancel' };

/** What one advance did. */
export interface Advance {
  state: ExecutionState;
  /** `running`: effects are in flight or the budget was used up; `waiting`: nothing but timers or children. */
  status: 'running' | 'waiting' | 'completed' | 'faulted' | 'cancelled';
  /** Begun by this call. */
  effects: Effect[];
  /** Keys of effects in flight that no longer matter (timeout, cancel): the shell aborts them. */
  abandoned: string[];
  /** Executions nobody waits for any more: the shell cancels them. */
  abandonedChildren: string[];
  /** Earliest timer: the end of a wait, a retry, a timeout. Milliseconds since the epoch. */
  wakeAt?: number;
  /** The budget of pure work is used up: checkpoint and call again. */
  yielded: boolean;
  /**
   * Whether an expression has read the time: the same advance at a later one would give something else. Its effects may
   * begin only when its state is stored, since their keys would be the same.
   */
  readsTime: boolean;
  /** About the characters of what is in `events`, `history` and `effects` besides small change. */
  handedOut: number;
  history: HistoryItem[];
  /** Lifecycle events and the events of `emit` tasks, in order; ids are deterministic. */
  events: CloudEvent[];
  /** Only those of `emit` tasks. */
  emitted: CloudEvent[];
  /** When completed. */
  output?: Json;
  /** When faulted. */
  error?: FlowError;
}

/**
 * Tasks one advance may begin before it yields, unless the caller says otherwise: some milliseconds of plain tasks.
 * Expressions may take seconds each, so a shell that shares its process gives `cpuMs` too.
 */
const STEPS = 1_000;

/**
 * Advances an execution as far as it goes: deterministic, without input or output, with no clock but `now`.
 * The given state is not changed. Errors of the flow become its fault; besides defects these throw, and change nothing:
 * @throws TurnInterrupted when the CPU of the budget was used up within a task
 * @throws NotForThisProcess when the state or the flow is of a newer version
 */
export function advance(
  program: Program,
  state: ExecutionState,
  inputs: {
    now: number;
    signals: Signal[];
    secrets?: Json;
    budget?: Partial<Budget>;
    /**
     * Flows that the shell knows not to exist: a task that runs one and does not wait for it faults. A shell that
     * learns it from the effects of an advance makes the advance again, with this.
     */
    isMissing?: Interpreter['isMissing'];
  },
): Advance {
  refuseUnknownFormat(state);
  const compiled = program as CompiledProgram;
  const draft = draftOf(state);
  const { now, signals } = inputs;
  const journal = new Journal(compiled, draft, now);
  const budget = { steps: STEPS, ...inputs.budget };
  const machine = new Interpreter(compiled, draft, journal, now, inputs.secrets, budget);
  if (inputs.isMissing) machine.isMissing = inputs.isMissing;
  if (!isFinal(draft)) work(machine, signals);
  return conclude(machine, state);
}

/**
 * Calls in flight in this state, to be performed again after a crash: the same in every byte, under the same keys.
 * `runFlow` effects are not among them: their children were created with the checkpoint.
 * @throws TurnInterrupted, NotForThisProcess
 */
export function effectsInFlight(
  program: Program,
  state: ExecutionState,
  inputs: { secrets?: Json; budget?: Partial<Budget> } = {},
): CallHttpEffect[] {
  refuseUnknownFormat(state);
  const compiled = program as CompiledProgram;
  const { secrets, budget } = inputs;
  const cpu = budget?.cpuMs === undefined ? undefined : new CpuAllowance(budget.cpuMs);
  return branchesOf(state.root).flatMap((branch) => {
    const frame = branch.frames.at(-1);
    if (frame?.effect === undefined) return [];
    const { action } = nodeOf(compiled, frame);
    if (action.kind !== 'callHttp') return [];
    // A task evaluates its request in the advance that begins it: what was `now` then is `now` again.
    const setting = { now: frame.startedAt, cpu, secrets };
    const evaluation: Evaluation = new Evaluation(compiled, state, setting, (of) =>
      authorizationValue(compiled, of, evaluation),
    );
    const request = buildRequest(action, branch, evaluation);
    return [callHttpEffect(state, branch, frame, frame.effect, request)];
  });
}

/** Steps of the format are raised for what an older version would misread. @throws NotForThisProcess */
function refuseUnknownFormat(state: ExecutionState): void {
  const format = state.format as number;
  if (format === 1) return;
  const message = `The state has format ${format}, which this version of the engine cannot read`;
  throw new NotForThisProcess('state', message);
}

function isFinal(state: ExecutionState): boolean {
  return state.status === 'completed' || state.status === 'faulted' || state.status === 'cancelled';
}

/** What happens within an advance is in the order of instants, then of the program, whatever the budget cuts off. */
function work(machine: Interpreter, signals: readonly Signal[]): void {
  const { state } = machine;
  // It ends what has not ended yet, also what came with it: whoever asked for it was promised that.
  if (signals.some(({ kind }) => kind === 'cancel')) {
    machine.end('cancelled');
    return;
  }
  if (state.status === 'pending') machine.start();
  // A result that has arrived counts even when its time limit has passed meanwhile; a failure does not, since
  // the shell ends a call at the limit itself, and the error then belongs to the task that has the limit.
  for (const signal of signals) {
    if (signal.kind === 'effectFailed') continue;
    machine.instant = Math.min(machine.now, earliestTimer(state)?.at ?? machine.now);
    receive(machine, signal);
  }
  doWhatIsDue(machine);
  for (const signal of signals) {
    if (signal.kind !== 'effectFailed') continue;
    machine.instant = machine.now;
    receive(machine, signal);
  }
  doWhatIsDue(machine);
}

function receive(machine: Interpreter, signal: Signal): void {
  if (signal.kind === 'cancel') return;
  const branch = branchesOf(machine.state.root).find(
    ({ frames }) => frames.at(-1)?.effect === signal.key,
  );
  if (!branch) return;
  if (signal.kind === 'effectSucceeded') machine.completeTask(branch, signal.output);
  else if (signal.kind === 'effectFailed') machine.failTask(branch, signal.error);
  else receiveChild(machine, branch, signal);
}

function receiveChild(
  machine: Interpreter,
  branch: Branch,
  signal: Extract<Signal, { kind: 'childEnded' }>,
): void {
  const frame = innermost(branch);
  const { action } = nodeOf(machine.program, frame);
  if (signal.status === 'completed') {
    const returns = action.kind === 'runFlow' && action.returnsOutput;
    machine.completeTask(branch, returns ? (signal.output ?? null) : null);
    return;
  }
  const ended = `The sub-flow ${signal.childId} was ${signal.status}`;
  const error = signal.error ?? standardError('runtime', ended);
  machine.failTask(branch, { ...error, instance: frame.task });
}

/** Begins the tasks that were put off and lets timers expire, until nothing is due or the budget is used up. */
function doWhatIsDue(machine: Interpreter): void {
  // An attempt limited to no time at all would be tried again without end, were it not for the budget.
  while (!machine.yielded) {
    const timer = earliestTimer(machine.state);
    const putOff = earliestPutOff(machine.state, machine.now);
    if (putOff && (!timer || putOff.at <= timer.at)) {
      machine.instant = putOff.at;
      machine.resume(putOff.branch);
    } else if (timer && timer.at <= machine.now) {
      machine.instant = timer.at;
      expire(machine, timer);
    } else return;
  }
}

function expire(machine: Interpreter, timer: Timer): void {
  if (timer.kind === 'workflow') {
    const error = standardError('timeout', 'The workflow took too long', { instance: '/timeout' });
    machine.end('faulted', { error });
  } else if (timer.kind === 'delay') machine.endDelay(timer.branch);
  else machine.timeOut(timer.branch, timer.depth, timer.kind);
}

function conclude(machine: Interpreter, before: ExecutionState): Advance {
  const { state, journal } = machine;
  if (!isFinal(state) && isTooHeavy(state, () => machine.evaluation.look(innermostTask(state)))) {
    const detail = `The data of the execution takes more than ${MOST_STATE} characters`;
    const instance = innermostTask(state);
    machine.end('faulted', { error: standardError('runtime', detail, { instance }) });
  }
  const wakeAt = isFinal(state) ? undefined : earliestTimer(state)?.at;
  if (!isFinal(state)) {
    const inFlight = branchesOf(state.root).some((branch) => isCalling(machine, branch));
    state.status = machine.yielded || inFlight ? 'running' : 'waiting';
    const moved = state.sequence !== before.sequence || before.status !== 'waiting';
    if (state.status === 'waiting' && moved) {
      const until = wakeAt !== undefined && { until: formatTime(wakeAt) };
      journal.record('executionWaiting', undefined, { ...until });
    }
  }
  return {
    state,
    status: state.status === 'pending' ? 'running' : state.status,
    effects: machine.effects,
    abandoned: machine.abandoned,
    abandonedChildren: machine.abandonedChildren,
    ...(wakeAt !== undefined && { wakeAt }),
    yielded: machine.yielded,
    readsTime: machine.evaluation.readsTime,
    handedOut: machine.handedOut,
    history: journal.history,
    events: journal.events,
    emitted: journal.emitted,
    ...(state.output !== undefined && { output: state.output }),
    ...(state.error && { error: state.error }),
  };
}

function innermostTask({ root }: ExecutionState): string {
  return root.frames.at(-1)?.task ?? root.list;
}

function isCalling(machine: Interpreter, branch: Branch): boolean {
  const frame = branch.frames.at(-1);
  return frame?.effect !== undefined && nodeOf(machine.program, frame).action.kind === 'callHttp';
}
