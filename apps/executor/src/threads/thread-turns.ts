import { standardError, type Advance, type CallHttpEffect, type FlowError } from '@easyflow/engine';
import { EasyFlowError, OperationalError, UnexpectedError } from '@easyflow/kernel-errors';
import { pairKey } from '@easyflow/tenant-context';
import type { LiveExecution } from '../execution/live-execution';
import { ThreadProgram } from '../programs/thread-program';
import { resolveRefs } from './state-refs';
import type { TurnAnswer, TurnJob } from './turn-messages';
import type { TurnThread } from './turn-thread';
import type { TurnThreads } from './turn-threads';

type Done = Extract<TurnAnswer, { kind: 'done' }>;

/** A turn that took so little CPU, in milliseconds, and ended by itself, needs no thread the next time. */
const LIGHT_MS = 2;

/** What the engine is asked for. */
export interface TurnInputs extends Pick<TurnJob, 'now' | 'signals' | 'steps'> {
  readonly redispatch: boolean;
}

/** What it did. */
export interface TurnDone {
  readonly step: Advance;
  /** Effects that were in flight before the turn, where they are to be performed again. */
  readonly inFlight: readonly CallHttpEffect[];
}

/** The value is nested so deeply that no thread can be sent it, nor the database. */
export class TooDeepError extends UnexpectedError {
  readonly failure: FlowError = standardError(
    'runtime',
    'A value is nested too deeply to be stored',
  );

  constructor(cause: unknown) {
    super('turn.unsendable', 'A value is nested too deeply to be sent to a thread', { cause });
  }
}

/** Takes turns of live executions on threads. */
export class ThreadTurns {
  constructor(private readonly threads: TurnThreads) {}

  /**
   * The very turn that an advance here would have been. Undefined when the execution has left meanwhile.
   * @throws ThreadDied, TooDeepError, and what an advance throws: its codes are the same
   */
  async take(execution: LiveExecution, inputs: TurnInputs): Promise<TurnDone | undefined> {
    const { tenantId } = execution.facts;
    return this.threads.run(
      tenantId,
      () => execution.phase === 'away',
      async (thread) => this.done(execution, thread, await ask(execution, thread, inputs)),
    );
  }

  private done(execution: LiveExecution, thread: TurnThread, answer: Done): TurnDone {
    const { step, refs, inFlight, number, cpuMs } = answer;
    const { input } = execution.facts;
    const state = resolveRefs(execution.state ?? { input }, step.state, refs);
    execution.onThread = { thread, number, state };
    if (cpuMs < LIGHT_MS && !step.yielded) execution.isHeavy = false;
    return { step: { ...step, state }, inFlight };
  }
}

/** Sends what the thread has already only when it says that it has it no more. */
async function ask(
  execution: LiveExecution,
  thread: TurnThread,
  inputs: TurnInputs,
): Promise<Done> {
  const { onThread, state } = execution;
  let stateOf =
    onThread && onThread.thread === thread && onThread.state === state
      ? onThread.number
      : undefined;
  let document: string | undefined;
  for (;;) {
    const answer = await send(thread, jobOf(execution, inputs, { stateOf, document }));
    if (answer.kind === 'done') return answer;
    if (answer.kind === 'failed') throw errorOf(answer);
    if (answer.what === 'state') stateOf = undefined;
    else document = documentOf(execution);
  }
}

async function send(thread: TurnThread, job: TurnJob): Promise<TurnAnswer> {
  try {
    return await thread.take(job);
  } catch (error) {
    throw error instanceof EasyFlowError ? error : new TooDeepError(error);
  }
}

function jobOf(
  execution: LiveExecution,
  { now, signals, steps, redispatch }: TurnInputs,
  sent: Pick<TurnJob, 'stateOf' | 'document'>,
): TurnJob {
  const { facts, state, missingFlows: missing } = execution;
  const { tenantId, id: executionId, input, parentId, flow } = facts;
  return {
    ...sent,
    program: pairKey(tenantId, flow.namespace, flow.name, flow.version),
    ...(sent.stateOf === undefined && { state }),
    // Only what has not started has its input still to be read.
    start: { executionId, input: state ? null : input, parentId },
    now,
    signals,
    missing,
    steps,
    redispatch,
  };
}

function documentOf({ program }: LiveExecution): string {
  if (program instanceof ThreadProgram) return program.document;
  if (!program) throw new UnexpectedError('execution.no_program', 'A turn without a program');
  return JSON.stringify(program.document);
}

function errorOf({ code, message, stack }: Extract<TurnAnswer, { kind: 'failed' }>): Error {
  if (code === 'turn.unsendable') return new TooDeepError(message);
  if (code === 'execution.not_for_this_process') return new OperationalError(code, message);
  const error = new UnexpectedError(code ?? 'turn.failed', message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
