import { pairKey, type Lease, type TenantKey } from '@easyflow/tenant-context';
import type { Logger } from '@easyflow/platform-telemetry';
import { wakesOf, type Checkpoint } from '../checkpoint/checkpoint';
import type { FlushListener } from '../checkpoint/checkpointer';
import type { Written } from '../checkpoint/flush';
import { executionsEnded } from '../executor-metrics';
import type { Claimer } from '../claiming/claimer';
import type { LeaseReturns } from '../claiming/lease-returns';
import type { SignalWatch } from '../claiming/signal-watch';
import type { LifecyclePublisher } from '../lifecycle/lifecycle-publisher';
import type { EndedResults } from '../results/ended-results';
import type { ExecutionRunner } from './execution-runner';
import type { RestingStates } from '../state/resting-states';
import type { LiveExecution } from './live-execution';
import type { LiveExecutions } from './live-executions';

export interface AfterCommitOptions {
  readonly live: LiveExecutions;
  readonly runner: ExecutionRunner;
  readonly returns: LeaseReturns;
  readonly claimer: Claimer;
  readonly signals: SignalWatch;
  readonly publisher: LifecyclePublisher;
  readonly results: EndedResults;
  readonly resting: RestingStates;
  readonly logger: Logger;
}

/** What follows a flush: results are told, leases given back, effects begun, wakes looked after. */
export class AfterCommit implements FlushListener {
  constructor(private readonly options: AfterCommitOptions) {}

  flushed(results: readonly { readonly row: Checkpoint; readonly written: Written }[]): void {
    const { runner, live } = this.options;
    const ended: Checkpoint[] = [];
    const left: { row: Checkpoint; woken: boolean }[] = [];
    let created = false;
    for (const { row, written } of results) {
      if (!written) {
        runner.lose(row.execution, 'taken');
        continue;
      }
      if (written.held) {
        row.execution.held = row;
        this.options.signals.look(row.execution, written.wakes);
        continue;
      }
      row.execution.revision += 1;
      const woken = written.wakes !== row.lease.wakeSeq;
      created ||= row.children.length > 0;
      if (row.outcome === 'end') {
        live.remove(row.execution);
        ended.push(row);
      } else if (row.outcome === 'leave' || !this.resume(row)) {
        live.remove(row.execution);
        this.keepResting(row.execution);
        left.push({ row, woken });
      } else if (woken) this.options.signals.look(row.execution, written.wakes);
    }
    this.options.results.tell(ended);
    executionsEnded.addEach(
      'easyflow.execution.status',
      ended.map(({ status }) => status),
    );
    this.publish(results);
    const written = results.flatMap(({ row, written: ours }) => (ours && !ours.held ? [row] : []));
    const wokeOthers = this.wakeOthers(written);
    if (left.length > 0) void this.giveBack(left);
    if (created || wokeOthers) this.options.claimer.nudge();
  }

  refused(row: Checkpoint, error: Error): void {
    this.options.runner.refuse(row, error);
  }

  late(row: Checkpoint): void {
    this.options.runner.lose(row.execution, 'expired');
  }

  private keepResting({ key, facts, revision, state, values }: LiveExecution): void {
    if (!state) return;
    const { tenantId, input } = facts;
    this.options.resting.keep({ key, tenantId, revision, input, state, values });
  }

  /** The events of the checkpoints written, by their rows of the outbox. */
  private publish(
    results: readonly { readonly row: Checkpoint; readonly written: Written }[],
  ): void {
    const entries = new Map<TenantKey, { tenantId: string; id: string; events: string[] }>();
    for (const { row, written } of results) {
      if (!written || written.held || row.published === null) continue;
      const key = pairKey(row.tenantId, written.outboxId);
      const entry = entries.get(key);
      if (entry) entry.events.push(row.published);
      else {
        const { tenantId, published } = row;
        entries.set(key, { tenantId, id: written.outboxId, events: [published] });
      }
    }
    for (const entry of entries.values()) this.options.publisher.add(entry);
  }

  /** A parent or child in this process looks at once; another is due, and any executor may claim it. */
  private wakeOthers(rows: readonly Checkpoint[]): boolean {
    let elsewhere = false;
    for (const row of rows) {
      for (const { kind, id } of wakesOf(row)) {
        if (kind !== 'execution') continue;
        const woken = this.options.live.get(row.tenantId, id);
        if (woken) this.options.signals.look(woken);
        else elsewhere = true;
      }
    }
    return elsewhere;
  }

  /** What goes wrong with one execution is its own matter: the others of the flush go on. */
  private resume({ execution }: Checkpoint): boolean {
    const { runner } = this.options;
    try {
      return runner.resume(execution);
    } catch (error) {
      runner.failed(execution, error);
      return true;
    }
  }

  private async giveBack(left: readonly { row: Checkpoint; woken: boolean }[]): Promise<void> {
    const { returns, claimer } = this.options;
    const leases = left.map(({ row }): Lease => row.execution.lease);
    if (!(await returns.giveBack(leases))) return;
    for (const { row, woken } of left) {
      if (woken || row.dueAt === null) claimer.nudge();
      else if (row.dueAt !== 'infinity') claimer.nudgeAt(Date.parse(row.dueAt));
    }
  }
}
