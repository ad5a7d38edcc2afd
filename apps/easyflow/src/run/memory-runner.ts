import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  advance,
  createState,
  standardError,
  unknownFlow,
  type Advance,
  type CallHttpEffect,
  type CloudEvent,
  type Effect,
  type ExecutionState,
  type FlowError,
  type HistoryItem,
  type Json,
  type Program,
  type RunFlowEffect,
  type Signal,
} from '@easyflow/engine';
import { newId } from '@easyflow/kernel-ids';
import type { FlowShelf } from './flow-shelf';

/** How an execution in memory stands. */
export interface Outcome {
  status: Advance['status'];
  output?: Json;
  error?: FlowError;
}

export interface RunnerOptions {
  flows: FlowShelf;
  secrets?: Json;
  /** Performs a call; must not reject. */
  call: (effect: CallHttpEffect, signal: AbortSignal) => Promise<Signal>;
  /** Told of all history, of sub-flows too. */
  onHistory?: (executionId: string, items: readonly HistoryItem[]) => void;
}

/** Milliseconds of pure work at a time. */
const SLICE = 50;

/** Flows inside each other; only a flow that runs itself reaches it. */
const DEEPEST = 1_000;

/** The longest delay a timer of Node can hold. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Runs executions in memory, on the wall clock: the engine's smallest shell. Nothing survives the process. */
export class MemoryRunner {
  /** Events of all executions, in order. */
  readonly emitted: CloudEvent[] = [];
  private readonly stopped = new AbortController();
  private readonly detached = new Set<Promise<unknown>>();
  /** Sub-flows that run, by id; undefined where one was cancelled before it began. */
  private readonly children = new Map<string, MemoryExecution | undefined>();

  constructor(private readonly options: RunnerOptions) {}

  /** Begins an execution; its sub-flows run beside it. */
  start(program: Program, input: Json): MemoryExecution {
    return this.begin(program, input, { id: newId(), level: 0 });
  }

  /** Waits for the sub-flows that nobody waits for. */
  async settle(): Promise<void> {
    while (this.detached.size > 0) await Promise.all(this.detached);
  }

  /** Ends all executions where they are and aborts their calls. */
  stop(): void {
    this.stopped.abort();
  }

  private begin(program: Program, input: Json, place: Place): MemoryExecution {
    const shell: Shell = {
      ...this.options,
      stopped: this.stopped.signal,
      emit: (events) => this.emitted.push(...events),
      runFlow: (effect, parent) => {
        const ended = this.runChild(effect, parent, place.level + 1);
        if (!effect.await) {
          this.detached.add(ended);
          void ended.finally(() => this.detached.delete(ended));
        }
        return ended;
      },
      cancel: (childId) => this.cancel(childId),
    };
    return new MemoryExecution(program, input, shell, place);
  }

  private cancel(childId: string): void {
    const child = this.children.get(childId);
    if (child) child.cancel();
    else this.children.set(childId, undefined);
  }

  private async runChild(
    { key, task, flow, childId, input }: RunFlowEffect,
    parentId: string,
    level: number,
  ): Promise<Signal> {
    const refused = (error: FlowError): Signal => {
      return { kind: 'childEnded', key, childId, status: 'faulted', error };
    };
    const program = this.options.flows.find(flow);
    if (!program) {
      return refused(unknownFlow(flow, task));
    }
    if (level > DEEPEST) {
      const detail = `Flows run each other over ${DEEPEST} deep; does a flow run itself without end?`;
      return refused(standardError('runtime', detail));
    }
    // A flow that runs itself must not go on in the call stack of its parent.
    await nextTurn();
    const child = this.begin(program, input, { id: childId, level, parentId });
    if (this.children.has(childId)) child.cancel();
    this.children.set(childId, child);
    const { status, output, error } = await child.ended;
    this.children.delete(childId);
    return {
      kind: 'childEnded',
      key,
      childId,
      status: status === 'completed' || status === 'faulted' ? status : 'cancelled',
      ...(output !== undefined && { output }),
      ...(error && { error }),
    };
  }
}

/** Where an execution stands among those that run each other. */
interface Place {
  id: string;
  level: number;
  parentId?: string;
}

interface Shell extends RunnerOptions {
  stopped: AbortSignal;
  emit: (events: readonly CloudEvent[]) => void;
  runFlow: (effect: RunFlowEffect, parentId: string) => Promise<Signal>;
  /** Ends a sub-flow that nobody waits for any more. */
  cancel: (childId: string) => void;
}

/** One execution that runs in memory. */
export class MemoryExecution {
  readonly id: string;
  /** Resolves when the execution is final, or stopped: then with the status it has. Never rejects for errors of the flow. */
  readonly ended: Promise<Outcome>;
  private state: ExecutionState;
  private outcome: Outcome = { status: 'running' };
  private signals: Signal[] = [];
  private wake: () => void = () => undefined;
  private readonly inFlight = new Map<string, AbortController>();

  constructor(
    private readonly program: Program,
    input: Json,
    private readonly shell: Shell,
    { id, parentId }: Place,
  ) {
    this.id = id;
    this.state = createState(program, {
      executionId: this.id,
      input,
      now: Date.now(),
      ...(parentId !== undefined && { parentId }),
    });
    this.ended = this.run();
  }

  /** How it stands now. */
  current(): Outcome {
    return this.outcome;
  }

  /** Ends the execution as soon as it has its turn. */
  cancel(): void {
    this.receive({ kind: 'cancel' });
  }

  private async run(): Promise<Outcome> {
    const { secrets, stopped, onHistory, emit } = this.shell;
    while (!stopped.aborted) {
      const signals = this.signals.splice(0);
      const step = advance(this.program, this.state, {
        now: Date.now(),
        signals,
        budget: { exhausted: timeSlice() },
        isMissing: (flow) => this.shell.flows.find(flow) === undefined,
        ...(secrets !== undefined && { secrets }),
      });
      this.state = step.state;
      this.outcome = outcomeOf(step);
      emit(step.emitted);
      onHistory?.(this.id, step.history);
      for (const key of step.abandoned) this.inFlight.get(key)?.abort();
      for (const childId of step.abandonedChildren) this.shell.cancel(childId);
      for (const effect of step.effects) this.perform(effect);
      if (!['running', 'waiting'].includes(step.status)) break;
      // A long pure loop must not keep timers, calls and signals of the process waiting.
      if (step.yielded) await nextTurn();
      else await this.somethingHappens(step.wakeAt);
    }
    for (const call of this.inFlight.values()) call.abort();
    return this.outcome;
  }

  private perform(effect: Effect): void {
    const { key } = effect;
    if (effect.kind === 'runFlow') {
      const ended = this.shell.runFlow(effect, this.id);
      if (effect.await) void ended.then((signal) => this.receive(signal));
      return;
    }
    const call = new AbortController();
    this.inFlight.set(key, call);
    void this.shell.call(effect, call.signal).then((signal) => {
      this.inFlight.delete(key);
      this.receive(signal);
    });
  }

  private receive(signal: Signal): void {
    this.signals.push(signal);
    this.wake();
  }

  /** Resolves when a signal has come, the time has, or everything is stopped. */
  private async somethingHappens(wakeAt: number | undefined): Promise<void> {
    const { stopped } = this.shell;
    if (this.signals.length > 0 || stopped.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.wake = resolve;
    stopped.addEventListener('abort', () => resolve(), { once: true });
    const delay = wakeAt === undefined ? LONGEST_TIMER : wakeAt - Date.now();
    const timer = setTimeout(resolve, Math.min(Math.max(0, delay), LONGEST_TIMER));
    await promise;
    clearTimeout(timer);
  }
}

/** Ends a long pure loop often enough for timers, calls and Ctrl-C. */
function timeSlice(): () => boolean {
  const end = performance.now() + SLICE;
  return () => performance.now() > end;
}

function outcomeOf(step: Advance): Outcome {
  return {
    status: step.status,
    ...(step.output !== undefined && { output: step.output }),
    ...(step.error && { error: step.error }),
  };
}
