import {
  standardError,
  type Advance,
  type CallHttpEffect,
  type FlowError,
  type Signal,
} from '@easyflow/engine';
import { ecoDueAt, ecoOpen, type EcoWindow } from '@easyflow/domain-schedule';
import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import { MOST_ATTEMPTS, type Deferrals } from '../claiming/deferrals';
import type { LeaseReturns } from '../claiming/lease-returns';
import type { TenantTokens } from '../claiming/tenant-tokens';
import { takeCheckpoint, type Checkpoint, type CheckpointContent } from '../checkpoint/checkpoint';
import type { Checkpointer } from '../checkpoint/checkpointer';
import type { SubFlows } from '../programs/sub-flows';
import { leasesLost, turnsHeldBack } from '../executor-metrics';
import { TooDeepError, type TurnDone } from '../threads/thread-turns';
import { Effects } from './effects';
import type { EngineTurns } from './engine-turns';
import { isFinal } from './final';
import type { LiveExecution } from './live-execution';
import type { LiveExecutions } from './live-executions';
import { endOutside, firstUnsaved, type OutsideEnd } from './outside-end';
import { FEW_TASKS, SubFlowStarts, type Starts } from './sub-flow-starts';
import { causeOf, reasonOf } from './turn-failure';
import { Turns } from './turns';

export interface RunnerOptions {
  readonly live: LiveExecutions;
  readonly checkpointer: Checkpointer;
  readonly engine: EngineTurns;
  readonly effects: Effects;
  readonly subFlows: SubFlows;
  readonly deferrals: Deferrals;
  readonly returns: LeaseReturns;
  readonly tokens: TenantTokens;
  readonly ecoWindow: EcoWindow;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An effect that runs this long without a checkpoint gets one, so that clients see the execution run. */
const SHOW_AFTER_MS = 200;
/** A long pure loop is checkpointed this often, not at every turn: its whole state is written each time. */
const SAVE_YIELDED_MS = 1_000;
/** Or when so much has happened that its history makes a row of about 1 MB. */
const MOST_UNSAVED_ITEMS = 8_000;
/** Or when its events, errors and inputs of sub-flows have so many characters. */
const MOST_UNSAVED_CHARACTERS = 8_000_000;
/** A turn that waits for its tenant's rate is not taken again sooner, whatever limits of time it would set. */
const SOONEST_AGAIN_MS = 100;
/** Node's timers hold 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Advances live executions and decides what each checkpoint says; effects and storage are others' business. */
export class ExecutionRunner {
  private readonly turns: Turns<LiveExecution>;
  private readonly starts: SubFlowStarts;
  private readonly unsaved = new Set<LiveExecution>();
  private closing = false;

  constructor(private readonly options: RunnerOptions) {
    this.starts = new SubFlowStarts(options.tokens, options.subFlows);
    this.turns = new Turns(
      (execution) => this.safeTurn(execution),
      () => options.clock.monotonic(),
    );
  }

  /** Takes an execution that has just come into memory. */
  start(execution: LiveExecution): void {
    this.options.live.add(execution);
    this.ready(execution);
  }

  /** Asks for a turn: a signal or a timer has come. */
  ready(execution: LiveExecution): void {
    // What a thread computes, or was to, for one that is cancelled meanwhile is of no use.
    const isAway = execution.phase === 'away';
    const isCancelled = isAway && execution.isCancelled && execution.canEndHere;
    if (execution.phase !== 'idle' && !isCancelled) return;
    execution.phase = 'ready';
    this.options.live.wake(execution);
    clearTimeout(execution.timer);
    this.turns.add(execution.facts.tenantId, execution);
  }

  /** From now on nothing new begins: what waits for its next effect is left to other executors. */
  close(): void {
    this.closing = true;
  }

  /** The lease has ended by this process's own clock, or another process has it. */
  lose(execution: LiveExecution, loss: 'expired' | 'taken'): void {
    if (execution.phase !== 'gone') leasesLost.add(1, { 'easyflow.lease.loss': loss });
    this.drop(execution);
  }

  /** Nothing more of this execution happens in this process. */
  drop(execution: LiveExecution): void {
    this.unsaved.delete(execution);
    this.options.live.remove(execution);
  }

  /** Ends an execution that has just come into memory and cannot run. */
  fault(execution: LiveExecution, error: FlowError): void {
    this.options.live.add(execution);
    this.endWith(execution, { status: 'faulted', error });
  }

  /** Cancels an execution that has just come into memory without asking the engine, which cannot run it. */
  cancel(execution: LiveExecution, sequence?: number): void {
    this.options.live.add(execution);
    execution.takeSignals();
    this.endWith(execution, { status: 'cancelled' }, sequence);
  }

  /** This process does not go on with the execution: whoever can, and later this one again, begins at its checkpoint. */
  private defer(execution: LiveExecution, error: unknown): void {
    const cause = causeOf(error);
    const { lease } = execution;
    this.drop(execution);
    this.options.deferrals.defer(lease, cause, reasonOf(error));
  }

  /**
   * The signals have been read that kept a final checkpoint from being written: the turn that ended the execution is
   * taken again, with them.
   */
  decideAgain(execution: LiveExecution): void {
    const { held } = execution;
    execution.held = undefined;
    if (!held || execution.phase !== 'saving') return;
    if (execution.reopen(held)) {
      execution.phase = 'idle';
      return this.ready(execution);
    }
    execution.consumed = [...held.consumed];
    execution.abandonedChildren = [...held.abandonedChildren];
    const cancelled = execution.takeSignals().some(({ kind }) => kind === 'cancel');
    const error = held.result?.error;
    const end: OutsideEnd =
      cancelled || !error ? { status: 'cancelled' } : { status: 'faulted', error };
    this.endWith(execution, end, held.segment ?? undefined);
  }

  /** Checkpoints executions whose effects have run for a while. Called every 100 ms or so. */
  saveLongRunning(): void {
    const since = this.options.clock.monotonic() - SHOW_AFTER_MS;
    for (const execution of this.unsaved) {
      if (execution.unsavedSince === undefined || execution.phase === 'gone') {
        this.unsaved.delete(execution);
      } else if (execution.unsavedSince > since) {
        return;
      } else if (execution.phase === 'idle') {
        this.save(execution, { outcome: 'stay', status: 'running' });
      }
    }
  }

  /**
   * The checkpoint has committed and the execution stays: its next effects may begin. False when this process is
   * closing and nothing of it is in flight: others go on with it.
   */
  resume(execution: LiveExecution): boolean {
    if (execution.phase !== 'saving') return true;
    if (this.closing && execution.effects.size === 0 && !execution.hasSignals) return false;
    execution.phase = 'idle';
    execution.savedAt = this.options.clock.monotonic();
    execution.dirty = false;
    if (!this.closing) this.begin(execution);
    if (execution.yielded || execution.hasSignals) this.ready(execution);
    else {
      this.setTimer(execution, execution.wakeAt);
      this.rest(execution);
    }
    return true;
  }

  /** The database refused the data of a checkpoint: the execution faults alone. */
  refuse(row: Checkpoint, error: Error): void {
    const { execution } = row;
    this.options.logger.error(
      { error, tenantId: row.tenantId, executionId: row.id },
      'the data of an execution cannot be stored',
    );
    if (execution.poisoned || execution.phase === 'gone') return this.drop(execution);
    execution.poisoned = true;
    execution.consumed = [...row.consumed];
    execution.abandonedChildren = [...row.abandonedChildren];
    const failure = standardError('runtime', 'The data of the execution cannot be stored');
    this.endWith(execution, { status: 'faulted', error: failure }, row.segment ?? undefined);
  }

  /** A defect in one turn is nobody's but that execution's. */
  private safeTurn(execution: LiveExecution): void {
    try {
      this.turn(execution);
    } catch (error) {
      this.failed(execution, error);
    }
  }

  private turn(execution: LiveExecution): void {
    if (execution.phase !== 'ready') return;
    execution.phase = 'idle';
    const now = this.options.clock.now();
    if (this.options.clock.monotonic() >= execution.lease.deadline) {
      return this.lose(execution, 'expired');
    }
    if (this.postpone(execution, now)) return;
    const { inherited: redispatch } = execution;
    execution.inherited = false;
    const signals = execution.takeSignals();
    const steps = execution.startsFew ? FEW_TASKS : undefined;
    const turn = (execution.turn += 1);
    const failed = (error: unknown): void => {
      if (execution.turn === turn) this.failed(execution, error, signals);
    };
    let done: ReturnType<EngineTurns['take']>;
    try {
      done = this.options.engine.take(execution, { now, signals, steps, redispatch });
    } catch (error) {
      return failed(error);
    }
    if (!(done instanceof Promise)) return this.advanced(execution, done);
    this.options.live.rest(execution);
    done
      .then((result) => result && execution.turn === turn && this.returned(execution, result))
      .catch(failed);
  }

  /** A thread has taken the turn. */
  private returned(execution: LiveExecution, done: TurnDone): void {
    if (execution.phase !== 'away') return;
    if (this.options.clock.monotonic() >= execution.lease.deadline) {
      return this.lose(execution, 'expired');
    }
    execution.phase = 'idle';
    this.options.live.wake(execution);
    this.advanced(execution, done);
  }

  /** Effects that were in flight when another process lost the execution are durable, so they begin at once. */
  private advanced(execution: LiveExecution, { step, inFlight }: TurnDone): void {
    execution.record(step);
    const begun = new Set([...step.effects, ...execution.toStart].map(({ key }) => key));
    for (const effect of inFlight) if (!begun.has(effect.key)) this.beginOne(execution, effect);
    this.take(execution, step);
  }

  /**
   * A turn threw: the engine's errors of a flow do not come here, so nothing of the flow is faulted. A cancellation
   * needs no engine, unless a newer one has probably more to cancel and may yet come.
   */
  failed(execution: LiveExecution, error: unknown, signals: readonly Signal[] = []): void {
    if (execution.phase === 'gone') return;
    const { tenantId, id: executionId } = execution.facts;
    if (error instanceof TooDeepError) {
      return this.endWith(execution, { status: 'faulted', error: error.failure });
    }
    const cause = causeOf(error);
    if (cause === 'defect') {
      this.options.logger.error({ error, tenantId, executionId }, 'a turn failed');
    }
    const cancelled = signals.some(({ kind }) => kind === 'cancel');
    if (!cancelled || (cause === 'not_here' && execution.lease.attempts < MOST_ATTEMPTS)) {
      return this.defer(execution, error);
    }
    this.endWith(execution, { status: 'cancelled' });
  }

  /** Eco executions start inside their window only, however late or early they were claimed. */
  private postpone(execution: LiveExecution, now: number): boolean {
    const { ecoWindow } = this.options;
    if (execution.facts.mode !== 'eco' || execution.state || execution.hasSignals) return false;
    if (execution.facts.parentId !== undefined || ecoOpen(now, ecoWindow)) return false;
    const dueAt = ecoDueAt(now, ecoWindow);
    this.save(execution, { outcome: 'leave', status: 'pending', dueAt });
    return true;
  }

  private take(execution: LiveExecution, step: Advance): void {
    if (execution.phase === 'gone') return;
    const calls = step.effects.filter((effect) => effect.kind === 'callHttp');
    const children = step.effects.filter((effect) => effect.kind === 'runFlow');
    if (children.length === 0) {
      execution.toStart.push(...calls);
      return this.settle(execution, step);
    }
    execution.phase = 'saving';
    void this.starts.of(execution, children).then(
      (starts) => {
        if (execution.phase !== 'saving') return;
        execution.phase = 'idle';
        if (starts.kind !== 'start' && execution.takeBack()) {
          return this.takeAgain(execution, starts, step.wakeAt);
        }
        if (!isFinal(step)) execution.forgetTurn();
        if (starts.kind === 'start') {
          execution.startsFew = false;
          execution.children.push(...starts.children);
          for (const failure of starts.failures) execution.signal(failure);
        }
        execution.toStart.push(...calls);
        this.settle(execution, step);
      },
      (error: unknown) => {
        // Nothing is stored yet, so whoever claims it next comes here again.
        this.options.logger.warn({ error }, 'a sub-flow could not be looked up');
        this.drop(execution);
        void this.options.returns.giveBack([execution.lease]);
      },
    );
  }

  /** The sub-flows of a turn cannot be started so; it was taken back. */
  private takeAgain(
    execution: LiveExecution,
    starts: Exclude<Starts, { kind: 'start' }>,
    wakeAt = Infinity,
  ): void {
    if (starts.kind === 'missing') execution.knowMissing(starts.flows);
    if (starts.kind !== 'later') {
      execution.startsFew ||= starts.kind === 'fewer';
      return this.ready(execution);
    }
    turnsHeldBack.add(1);
    const now = this.options.clock.now();
    const dueAt = Math.max(now + SOONEST_AGAIN_MS, Math.min(now + starts.waitMs, wakeAt));
    // The result of a call would be lost with the memory of this process.
    if (execution.hasOwnSignals || execution.toStart.length > 0 || execution.effects.size > 0) {
      return this.setTimer(execution, dueAt);
    }
    const status = execution.startedAt === undefined ? 'pending' : 'running';
    this.save(execution, { outcome: 'leave', status, dueAt });
  }

  private settle(execution: LiveExecution, step: Advance): void {
    const { status, wakeAt } = step;
    if (isFinal(step)) {
      return this.save(execution, {
        outcome: 'end',
        status,
        output: step.output,
        error: step.error,
      });
    }
    // What came while a sub-flow was looked up belongs before the checkpoint.
    if (execution.hasSignals) return this.ready(execution);
    if (status === 'waiting') {
      return this.save(execution, { outcome: 'leave', status, dueAt: wakeAt ?? Infinity });
    }
    if (this.closing && execution.effects.size === 0) {
      return this.save(execution, { outcome: 'leave', status });
    }
    execution.wakeAt = wakeAt;
    const held = execution.dirty && execution.toStart.length > 0;
    const long =
      this.sinceSaved(execution) >= SAVE_YIELDED_MS ||
      execution.history.length >= MOST_UNSAVED_ITEMS ||
      execution.unsavedCharacters >= MOST_UNSAVED_CHARACTERS;
    if ((step.yielded && long) || held || execution.children.length > 0) {
      return this.save(execution, { outcome: 'stay', status });
    }
    this.setTimer(execution, wakeAt);
    this.begin(execution);
    if (step.yielded) return this.ready(execution);
    this.rest(execution);
    if (execution.phase !== 'idle' || execution.history.length === 0) return;
    execution.unsavedSince ??= this.options.clock.monotonic();
    this.unsaved.add(execution);
  }

  /** A call that is under way holds no slot. */
  private rest(execution: LiveExecution): void {
    if (execution.phase === 'idle' && execution.effects.size > 0) this.options.live.rest(execution);
  }

  private sinceSaved(execution: LiveExecution): number {
    const now = this.options.clock.monotonic();
    execution.savedAt ??= now;
    return now - execution.savedAt;
  }

  private begin(execution: LiveExecution): void {
    for (const effect of execution.toStart.splice(0)) {
      if (!this.beginOne(execution, effect)) return;
    }
  }

  private beginOne(execution: LiveExecution, effect: CallHttpEffect): boolean {
    const begun = this.options.effects.begin(execution, effect, (signal) => {
      execution.signal(signal);
      this.ready(execution);
    });
    if (!begun) this.lose(execution, 'expired');
    return begun;
  }

  private setTimer(execution: LiveExecution, wakeAt: number | undefined): void {
    clearTimeout(execution.timer);
    if (wakeAt === undefined) return;
    const delay = Math.min(Math.max(0, wakeAt - this.options.clock.now()), LONGEST_TIMER_MS);
    execution.timer = setTimeout(() => this.ready(execution), delay);
    execution.timer.unref();
  }

  private save(execution: LiveExecution, content: CheckpointContent): void {
    let row: Checkpoint;
    try {
      row = takeCheckpoint(execution, content);
    } catch (error) {
      if (!(error instanceof RangeError) || execution.poisoned) throw error;
      execution.poisoned = true;
      const failure = standardError('runtime', 'A value is nested too deeply to be stored');
      return this.endWith(execution, { status: 'faulted', error: failure });
    }
    execution.phase = 'saving';
    execution.unsavedSince = undefined;
    this.unsaved.delete(execution);
    clearTimeout(execution.timer);
    this.options.checkpointer.add(row);
  }

  private endWith(execution: LiveExecution, end: OutsideEnd, given?: number): void {
    const sequence = given ?? firstUnsaved(execution) ?? 1;
    const { clock } = this.options;
    this.save(execution, endOutside(execution, end, { sequence, now: clock.now() }));
  }
}
