import type { ExecutionState, FlowError, Json, Program } from '@easyflow/engine';
import { standardError } from '@easyflow/engine';
import { UserError } from '@easyflow/kernel-errors';
import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import {
  pairKey,
  type DatabaseAccess,
  type Lease,
  type LeaseOwner,
  type TenantKey,
} from '@easyflow/tenant-context';
import { plainArray } from '../checkpoint/array-literals';
import type { ExecutionRunner } from '../execution/execution-runner';
import { startDelay } from '../executor-metrics';
import { LiveExecution, type StoredSignal } from '../execution/live-execution';
import type { LiveExecutions } from '../execution/live-executions';
import type { ProgramCache } from '../programs/program-cache';
import { restoreState } from '../state/restore-state';
import { isUnreadableState, storedStateOf, type StoredState } from '../state/stored-state';
import type { RestoredRow } from '../state/stored-values';
import { loadExecutions } from './loading.statements';
import type { TenantTokens } from './tenant-tokens';
import { ValueReader, type WithValues } from './value-reader';

export interface ExecutionLoaderOptions {
  readonly database: Pick<DatabaseAccess, 'reader' | 'claims'>;
  readonly owner: () => LeaseOwner;
  readonly tokens: TenantTokens;
  readonly programs: ProgramCache;
  readonly live: LiveExecutions;
  readonly runner: ExecutionRunner;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A row of `loadExecutions`. */
interface ExecutionRow {
  tenant_id: string;
  id: string;
  flow_namespace: string;
  flow_name: string;
  flow_version: string;
  mode: string;
  status: string;
  input: Json;
  /** As it is stored, until `restored` has put it together. */
  state: ExecutionState | StoredState | null;
  parent_id: string | null;
  parent_key: string | null;
  reply_slot: string | null;
  trace_parent: string | null;
  created_at: Date;
  started_at: Date | null;
  signals: StoredSignal[] | null;
  /** What stands beside the state, by id. */
  values?: readonly RestoredRow[];
}

/** An execution whose state is in parts, before its values are read. */
interface DividedExecution extends WithValues {
  readonly row: ExecutionRow;
  readonly lease: Lease;
  readonly stored: StoredState;
}

const MOST_ROWS = 500;

/** Brings claimed executions into memory: tokens, rows, programs; a few statements a claim, not an execution. */
export class ExecutionLoader {
  private readonly values: ValueReader;

  constructor(private readonly options: ExecutionLoaderOptions) {
    this.values = new ValueReader(options.database.reader, options.tokens);
  }

  /** Loads what was claimed and starts it. What cannot be loaded now is given back. */
  async load(leases: readonly Lease[]): Promise<void> {
    const { tokens, live, logger } = this.options;
    const byPair = new Map(leases.map((lease) => [pairKey(lease.tenantId, lease.id), lease]));
    try {
      await Promise.all([tokens.open(leases, 'ef_worker'), tokens.open(leases, 'ef_writer')]);
      await this.readAll(leases, byPair);
      if (byPair.size > 0) {
        // Their leases end by themselves: giving them back would only claim them again at once.
        logger.error({ ids: [...byPair.keys()].slice(0, 10) }, 'claimed executions have no row');
        live.release(byPair.size);
      }
    } catch (error) {
      logger.warn({ error, rows: byPair.size }, 'claimed executions could not be loaded');
      live.release(byPair.size);
      await this.giveBack([...byPair.values()]);
    }
  }

  /** Starts what it finds and takes it out of the map. */
  private async readAll(leases: readonly Lease[], byPair: Map<TenantKey, Lease>): Promise<void> {
    const { tokens, database } = this.options;
    const items = leases.flatMap((lease) => {
      const token = tokens.get(lease.tenantId, 'ef_worker');
      return token ? [{ token, id: lease.id, tenantId: lease.tenantId }] : [];
    });
    await Promise.all(
      tokens.bundles(items, MOST_ROWS).map(async (bundle) => {
        const found = await database.reader.read<ExecutionRow>(bundle.tokens, {
          ...loadExecutions,
          values: [
            plainArray(bundle.items.map((item) => item.tenantId)),
            plainArray(bundle.items.map((item) => item.id)),
          ],
        });
        const rows = [...found.values()].flat();
        this.measureDelay(rows);
        await this.beginAll(rows, byPair);
      }),
    );
  }

  private async beginAll(
    rows: readonly ExecutionRow[],
    byPair: Map<TenantKey, Lease>,
  ): Promise<void> {
    const divided: DividedExecution[] = [];
    for (const row of rows) {
      const lease = byPair.get(pairKey(row.tenant_id, row.id));
      if (!lease) continue;
      this.unlessUnreadable(row, byPair, () => {
        const stored = storedStateOf(row.state);
        const { tenant_id: tenantId, id } = row;
        if (stored) divided.push({ tenantId, id, size: stored.size, row, lease, stored });
        else this.begin(row, lease, byPair);
      });
    }
    if (divided.length === 0) return;
    await this.values.read(divided, ({ row, lease, stored }, values) => {
      this.unlessUnreadable(row, byPair, () => {
        const { state, rows: parts } = restoreState(stored, row.input, values);
        this.begin({ ...row, state, values: parts }, lease, byPair);
      });
    });
  }

  /** A state that cannot be read here says nothing about its flow, and must not fail the others of its batch. */
  private unlessUnreadable(
    { tenant_id: tenantId, id: executionId }: ExecutionRow,
    byPair: Map<TenantKey, Lease>,
    work: () => void,
  ): void {
    try {
      work();
    } catch (error) {
      if (!isUnreadableState(error)) throw error;
      this.options.logger.error({ error, tenantId, executionId }, 'a state cannot be read here');
      // Its lease ends by itself: given back, it would be claimed again at once.
      byPair.delete(pairKey(tenantId, executionId));
      this.options.live.release(1);
    }
  }

  /** Eco executions wait for their window, and others for what they have begun: they say nothing of a backlog. */
  private measureDelay(rows: readonly ExecutionRow[]): void {
    let oldest = Infinity;
    for (const { mode, state, started_at, created_at } of rows) {
      if (mode === 'eco' || state || started_at) continue;
      oldest = Math.min(oldest, created_at.getTime());
    }
    if (oldest === Infinity) return;
    startDelay.record(Math.max(0, this.options.clock.now() - oldest) / 1_000);
  }

  private begin(row: ExecutionRow, lease: Lease, byPair: Map<TenantKey, Lease>): void {
    byPair.delete(pairKey(row.tenant_id, row.id));
    const flow = {
      namespace: row.flow_namespace,
      name: row.flow_name,
      version: row.flow_version,
    };
    const program = this.options.programs.peek(row.tenant_id, flow);
    if (program) return this.start(row, lease, program);
    void this.compileAndStart(row, lease, flow);
  }

  private async compileAndStart(
    row: ExecutionRow,
    lease: Lease,
    flow: { namespace: string; name: string; version: string },
  ): Promise<void> {
    const { tokens, programs, runner, live, logger } = this.options;
    try {
      const token = tokens.get(row.tenant_id, 'ef_worker');
      if (!token) throw new Error('the token of a lease has ended before its program was read');
      this.start(row, lease, await programs.get(token, flow));
    } catch (error) {
      if (error instanceof UserError) {
        const failure: FlowError = standardError('configuration', error.message);
        runner.fault(executionOf(row, lease, undefined), failure);
        return;
      }
      logger.warn({ error }, 'a program could not be loaded');
      live.release(1);
      await this.giveBack([lease]);
    }
  }

  private start(row: ExecutionRow, lease: Lease, program: Program): void {
    this.options.runner.start(executionOf(row, lease, program));
  }

  private async giveBack(leases: readonly Lease[]): Promise<void> {
    try {
      await this.options.database.claims.release(this.options.owner(), leases);
    } catch (error) {
      this.options.logger.warn({ error }, 'leases could not be given back; they end by themselves');
    }
  }
}

function executionOf(row: ExecutionRow, lease: Lease, program: Program | undefined): LiveExecution {
  const execution = new LiveExecution(
    {
      tenantId: row.tenant_id,
      id: row.id,
      flow: { namespace: row.flow_namespace, name: row.flow_name, version: row.flow_version },
      mode: row.mode,
      input: row.input,
      parentId: row.parent_id ?? undefined,
      parentKey: row.parent_key ?? undefined,
      replySlot: row.reply_slot ?? undefined,
      traceParent: row.trace_parent ?? undefined,
      createdAt: row.created_at.getTime(),
    },
    program,
    lease,
  );
  if (row.state) {
    execution.state = row.state as ExecutionState;
    execution.values.restore(row.values ?? []);
    execution.inherited = true;
  }
  execution.startedAt = row.started_at?.getTime();
  execution.receive(row.signals ?? []);
  return execution;
}
