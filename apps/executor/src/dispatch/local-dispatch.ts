import type { Json } from '@easyflow/engine';
import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import type {
  BornExecution,
  EndedExecution,
  LeaseOwner,
  LocalDispatch,
} from '@easyflow/tenant-context';
import type { Claimer } from '../claiming/claimer';
import type { TenantShares } from '../claiming/tenant-shares';
import type { TenantTokens } from '../claiming/tenant-tokens';
import type { ExecutionRunner } from '../execution/execution-runner';
import { LiveExecution } from '../execution/live-execution';
import type { LiveExecutions } from '../execution/live-executions';
import type { ProgramCache } from '../programs/program-cache';
import type { EndedResults } from '../results/ended-results';

export interface BornLeasedOptions {
  readonly live: LiveExecutions;
  readonly shares: TenantShares;
  readonly runner: ExecutionRunner;
  readonly claimer: Claimer;
  readonly tokens: TenantTokens;
  readonly programs: Pick<ProgramCache, 'peek'>;
  /** Starts one whose program is not in the memory of this process. */
  readonly compileAndStart: (execution: LiveExecution) => void;
  readonly results: EndedResults;
  /** Undefined when this executor takes nothing: not registered yet, or closing. */
  readonly owner: () => LeaseOwner | undefined;
  /** The owner was refused: another process has its slot. */
  readonly refused: (owner: LeaseOwner) => void;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Takes executions that the gateway of the same process inserted under this executor's lease. */
export class BornLeased implements LocalDispatch<Json> {
  constructor(private readonly options: BornLeasedOptions) {}

  reserve(count: number): (LeaseOwner & { leaseMs: number }) | undefined {
    const owner = this.options.owner();
    if (!owner) return undefined;
    if (this.options.live.reserve(count)) return { ...owner, leaseMs: this.options.leaseMs };
    this.options.claimer.owe();
    return undefined;
  }

  deliver(born: readonly BornExecution<Json>[]): void {
    const { shares, tokens, programs, runner, clock, logger } = this.options;
    const ahead = clock.now() - clock.monotonic();
    const executions = born.map((one) => {
      const lease = {
        tenantId: one.tenantId,
        kind: 'execution',
        id: one.id,
        claimNo: one.claimNo,
        wakeSeq: one.wakeSeq,
        attempts: 1,
        deferred: false,
        leaseUntil: ahead + one.leaseDeadline,
        deadline: one.leaseDeadline,
      };
      return new LiveExecution(
        {
          tenantId: one.tenantId,
          id: one.id,
          flow: one.flow,
          mode: one.mode,
          input: one.input,
          traceParent: one.traceParent,
          createdAt: one.createdAt,
        },
        programs.peek(one.tenantId, one.flow),
        lease,
      );
    });
    const taken = shares.take(executions, ({ lease }) => lease);
    if (taken.length === 0) return;
    tokens
      .open(taken.map((execution) => execution.lease))
      .catch((error: unknown) => logger.warn({ error }, 'no tokens for new executions yet'));
    for (const execution of taken) {
      if (execution.program) runner.start(execution);
      else this.options.compileAndStart(execution);
    }
  }

  release(count: number): void {
    this.options.live.release(count);
  }

  refused(owner: LeaseOwner): void {
    this.options.refused(owner);
  }

  onEnded(listener: (ended: readonly EndedExecution[]) => void): () => void {
    return this.options.results.listen(listener);
  }
}
