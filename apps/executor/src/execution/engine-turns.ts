import {
  advance,
  createState,
  effectsInFlight,
  TurnInterrupted,
  type Program,
} from '@easyflow/engine';
import { UnexpectedError } from '@easyflow/kernel-errors';
import { turnsInterrupted } from '../executor-metrics';
import { ThreadProgram } from '../programs/thread-program';
import type { ThreadTurns, TurnDone, TurnInputs } from '../threads/thread-turns';
import { isFinal } from './final';
import type { LiveExecution } from './live-execution';
import { traced } from './traced';

/** CPU, in milliseconds, that a turn may use here; one that is within a task then is taken again by a thread. */
const MOST_CPU_MS = 10;
/** CPU after which it yields between two tasks. */
const YIELD_MS = 2;

/** Claims without a checkpoint from which on an execution may be what its processes died of: only a thread is risked. */
const SUSPECT = 3;

/**
 * So many executions of a flow begin on a thread after one of them was interrupted: else each of a flood of them would
 * hold the event loop for its first turn.
 */
const BEGIN_ON_THREADS = 50;

/** Has the engine take turns: here as long as they are short, else on a thread. */
export class EngineTurns {
  /** Of programs with an execution that was interrupted, how many more begin on a thread. */
  private readonly heavy = new WeakMap<Program, number>();

  constructor(private readonly threads: ThreadTurns) {}

  /**
   * A promise when a thread takes the turn; it gives undefined when the execution has left meanwhile.
   * @throws what an advance throws, but not TurnInterrupted
   */
  take(execution: LiveExecution, inputs: TurnInputs): TurnDone | Promise<TurnDone | undefined> {
    const { program, lease } = execution;
    if (!program) throw new UnexpectedError('execution.no_program', 'A turn without a program');
    if (program instanceof ThreadProgram) return this.away(execution, inputs);
    // A cancellation computes nothing, and waits for no thread.
    const isCancelled = inputs.signals.some(({ kind }) => kind === 'cancel');
    const isRisky = lease.attempts >= SUSPECT || this.isHeavy(execution, program);
    if (isRisky && !isCancelled) return this.away(execution, inputs);
    try {
      return this.here(execution, program, inputs);
    } catch (error) {
      if (!(error instanceof TurnInterrupted)) throw error;
      turnsInterrupted.add(1);
      this.heavy.set(program, BEGIN_ON_THREADS);
      execution.isHeavy = true;
      return this.away(execution, inputs);
    }
  }

  private isHeavy(execution: LiveExecution, program: Program): boolean {
    const left = execution.state ? 0 : (this.heavy.get(program) ?? 0);
    if (left > 0) {
      this.heavy.set(program, left - 1);
      execution.isHeavy = true;
    }
    return execution.isHeavy;
  }

  private away(execution: LiveExecution, inputs: TurnInputs): Promise<TurnDone | undefined> {
    execution.phase = 'away';
    return this.threads.take(execution, inputs);
  }

  private here(execution: LiveExecution, program: Program, inputs: TurnInputs): TurnDone {
    const { facts } = execution;
    execution.onThread = undefined;
    const { now, signals, steps, redispatch } = inputs;
    const { id: executionId, input, parentId } = facts;
    execution.state ??= createState(program, {
      executionId,
      input,
      now,
      ...(parentId !== undefined && { parentId }),
    });
    const { state } = execution;
    const attributes = { 'easyflow.execution.id': executionId };
    const budget = { cpuMs: MOST_CPU_MS, yieldMs: YIELD_MS };
    return traced(facts.traceParent, 'execution.advance', attributes, () => {
      const step = advance(program, state, {
        now,
        signals: [...signals],
        isMissing: (flow) => execution.isMissing(flow),
        budget: steps === undefined ? budget : { ...budget, steps },
      });
      const again = redispatch && !isFinal(step);
      const inFlight = again ? effectsInFlight(program, step.state, { budget }) : [];
      return { step, inFlight };
    });
  }
}
