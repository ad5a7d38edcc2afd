import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import type { BatchReader } from '@easyflow/tenant-context';
import type { ExecutionRunner } from '../execution/execution-runner';
import type { LiveExecution } from '../execution/live-execution';
import type { LiveExecutions } from '../execution/live-executions';
import { loadSignals } from './loading.statements';
import { readSignal } from './signal-row';
import type { TenantTokens } from './tenant-tokens';

export interface SignalWatchOptions {
  readonly reader: BatchReader;
  readonly tokens: TenantTokens;
  readonly live: LiveExecutions;
  readonly runner: ExecutionRunner;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface SignalRow {
  tenant_id: string;
  execution_id: string;
  id: string;
  signal: unknown;
}

const MOST_ROWS = 1_000;

/**
 * Brings cancellations and ends of sub-flows to executions that are in memory. They are stored and their work row
 * is woken in one transaction, so a signal that is not seen here is never lost: the next checkpoint finds the
 * wake and leaves the row due, and a final one is not written before the signals are read. Watching only makes it
 * quick: at once when the gateway says so, and else an index look-up an execution and second.
 */
export class SignalWatch {
  private readonly wanted = new Set<LiveExecution>();
  private running: Promise<void> | undefined;

  constructor(private readonly options: SignalWatchOptions) {}

  /** Looks for signals of one execution at once: those of the wakes that its work row holds, where they are known. */
  look(execution: LiveExecution, wakes?: number): void {
    if (wakes !== undefined) execution.unreadWakes = wakes;
    this.wanted.add(execution);
    void this.run();
  }

  /** Signals of these executions have committed: those that are in this process look at once. */
  lookAt(pairs: readonly { readonly tenantId: string; readonly id: string }[]): void {
    for (const { tenantId, id } of pairs) {
      const execution = this.options.live.get(tenantId, id);
      if (execution) this.look(execution);
    }
  }

  /** Looks for signals of every execution in this process. */
  async lookAtAll(): Promise<void> {
    for (const execution of this.options.live.all()) this.wanted.add(execution);
    await this.run();
  }

  private run(): Promise<void> {
    this.running ??= this.read().finally(() => (this.running = undefined));
    return this.running;
  }

  private async read(): Promise<void> {
    const { tokens, logger } = this.options;
    try {
      while (this.wanted.size > 0) {
        const executions = [...this.wanted].filter((execution) => execution.phase !== 'gone');
        this.wanted.clear();
        await tokens.open(
          executions.map((execution) => execution.lease),
          'ef_worker',
        );
        await this.readOf(executions);
      }
    } catch (error) {
      logger.warn({ error }, 'signals of running executions could not be read');
    }
  }

  private async readOf(executions: readonly LiveExecution[]): Promise<void> {
    const { tokens, reader, live, runner } = this.options;
    const items = executions.flatMap((execution) => {
      const { tenantId, id } = execution.facts;
      const token = tokens.get(tenantId, 'ef_worker');
      // What wakes committed before this read begins is read by it; later ones are not.
      return token ? [{ token, id, tenantId, execution, wakes: execution.unreadWakes }] : [];
    });
    for (const bundle of tokens.bundles(items, MOST_ROWS)) {
      const found = await reader.read<SignalRow>(bundle.tokens, {
        ...loadSignals,
        values: [bundle.items.map((item) => item.tenantId), bundle.items.map((item) => item.id)],
      });
      for (const row of [...found.values()].flat()) {
        const execution = live.get(row.tenant_id, row.execution_id);
        if (execution) this.receive(execution, row);
      }
      for (const { execution, wakes } of bundle.items) {
        if (wakes === undefined) continue;
        execution.lease = { ...execution.lease, wakeSeq: wakes };
        // Others have committed meanwhile: the next read is for them.
        if (execution.unreadWakes !== wakes) continue;
        execution.unreadWakes = undefined;
        runner.decideAgain(execution);
      }
    }
  }

  private receive(execution: LiveExecution, { id, signal }: SignalRow): void {
    const { runner } = this.options;
    try {
      if (execution.receive([{ id, signal: readSignal(signal) }])) runner.ready(execution);
    } catch (error) {
      runner.failed(execution, error);
    }
  }
}
