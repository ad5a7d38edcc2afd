import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import { pairKey, type Claims, type LeaseOwner } from '@easyflow/tenant-context';
import type { ExecutionRunner } from '../execution/execution-runner';
import type { LiveExecution } from '../execution/live-execution';
import type { LiveExecutions } from '../execution/live-executions';
import type { SignalWatch } from './signal-watch';
import type { TenantTokens } from './tenant-tokens';

export interface LeaseKeeperOptions {
  readonly claims: Claims;
  readonly owner: () => LeaseOwner | undefined;
  readonly live: LiveExecutions;
  readonly runner: ExecutionRunner;
  readonly signals: SignalWatch;
  readonly tokens: TenantTokens;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const BEAT_MS = 1_000;
const MOST_AT_ONCE = 1_000;

/**
 * The heartbeat: renews leases in batches when a third of them has passed, drops executions whose lease is lost
 * or may have ended, and looks for their signals.
 */
export class LeaseKeeper {
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> | undefined;

  constructor(private readonly options: LeaseKeeperOptions) {}

  start(): void {
    this.timer = setInterval(() => {
      this.beating ??= this.beat().finally(() => (this.beating = undefined));
    }, BEAT_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.beating;
  }

  private async beat(): Promise<void> {
    this.dropEnded();
    this.options.tokens.prune();
    await Promise.all([this.renew(), this.options.signals.lookAtAll()]);
  }

  /** Leases that have ended by the process's own clock, as after it was frozen: another may have them. */
  private dropEnded(): void {
    const now = this.options.clock.monotonic();
    for (const execution of [...this.options.live.all()]) {
      if (execution.lease.deadline <= now) this.options.runner.lose(execution, 'expired');
    }
  }

  private async renew(): Promise<void> {
    const { clock, leaseMs, logger, live } = this.options;
    const owner = this.options.owner();
    if (!owner) return;
    const soon = clock.monotonic() + (leaseMs * 2) / 3;
    const ageing = [...live.all()].filter((execution) => execution.lease.deadline < soon);
    try {
      for (let from = 0; from < ageing.length; from += MOST_AT_ONCE) {
        await this.renewSome(owner, ageing.slice(from, from + MOST_AT_ONCE));
      }
    } catch (error) {
      logger.warn({ error }, 'leases could not be renewed');
    }
  }

  private async renewSome(owner: LeaseOwner, executions: readonly LiveExecution[]): Promise<void> {
    const renewed = await this.options.claims.renew(
      owner,
      executions.map((execution) => execution.lease),
      this.options.leaseMs,
    );
    const byPair = new Map(renewed.map((lease) => [pairKey(lease.tenantId, lease.id), lease]));
    for (const execution of executions) {
      const lease = byPair.get(execution.key);
      if (lease) {
        const { leaseUntil, deadline } = lease;
        execution.lease = { ...execution.lease, leaseUntil, deadline };
      } else if (execution.phase !== 'saving' && execution.phase !== 'gone') {
        // A checkpoint on its way may have ended the row itself: its answer tells.
        this.options.runner.lose(execution, 'taken');
      }
    }
  }
}
