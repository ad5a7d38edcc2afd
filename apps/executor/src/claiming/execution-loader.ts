import { restoreHistory, standardError, type FlowError } from '@easyflow/engine';
import { OperationalError, UserError } from '@easyflow/kernel-errors';
import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import {
  bisect,
  pairKey,
  type DatabaseAccess,
  type Lease,
  type TenantKey,
  type TenantToken,
} from '@easyflow/tenant-context';
import { plainArray } from '../checkpoint/array-literals';
import type { ExecutionRunner } from '../execution/execution-runner';
import type { LiveExecution } from '../execution/live-execution';
import type { LiveExecutions } from '../execution/live-executions';
import { causeOf, reasonOf } from '../execution/turn-failure';
import { startDelay } from '../executor-metrics';
import type { ProgramCache } from '../programs/program-cache';
import { restoreState, type RestoredState } from '../state/restore-state';
import type { Resting, RestingStates } from '../state/resting-states';
import { storedStateOf, type StoredState } from '../state/stored-state';
import { MOST_ATTEMPTS, type Deferrals } from './deferrals';
import { bareExecutionOf, executionOf, waitsSince, type ExecutionRow } from './execution-row';
import { selectLastItems } from './history.statements';
import type { LeaseReturns } from './lease-returns';
import { loadExecutions, selectValueIds } from './loading.statements';
import type { TenantTokens } from './tenant-tokens';
import { ValueReader, type WithValues } from './value-reader';

export interface ExecutionLoaderOptions {
  readonly database: Pick<DatabaseAccess, 'reader' | 'tenant'>;
  readonly tokens: TenantTokens;
  readonly programs: ProgramCache;
  readonly live: LiveExecutions;
  readonly runner: ExecutionRunner;
  readonly deferrals: Deferrals;
  readonly returns: LeaseReturns;
  readonly resting: RestingStates;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An execution whose state is in parts, before its values are read. */
interface DividedExecution extends WithValues {
  readonly row: ExecutionRow;
  readonly lease: Lease;
  readonly stored: StoredState;
}

const MOST_ROWS = 500;
const CANNOT_BE_READ = 'What is stored of it cannot be read';

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
    } catch (error) {
      logger.warn({ error, rows: byPair.size }, 'claimed executions could not be loaded');
    }
    live.release(byPair.size);
    await this.options.returns.giveBack([...byPair.values()]);
  }

  /** Starts what it finds and takes it out of the map, and so it does with what has no row, or none that can be read. */
  private async readAll(leases: readonly Lease[], byPair: Map<TenantKey, Lease>): Promise<void> {
    const items = leases.flatMap((lease) => {
      const token = this.options.tokens.get(lease.tenantId, 'ef_worker');
      if (!token) return [];
      // Taken before it is asked for: what is not read again must not be forgotten meanwhile.
      const resting = this.options.resting.take(pairKey(lease.tenantId, lease.id));
      return [{ token, id: lease.id, lease, resting }];
    });
    const reading = await Promise.allSettled(
      this.options.tokens.bundles(items, MOST_ROWS).map(async (bundle) => {
        const found = await bisect(bundle.items, (some) => this.read(some));
        this.measureDelay(found.flatMap(({ result }) => result ?? []));
        const divided: DividedExecution[] = [];
        for (const { item, result: row, error } of found) {
          const { lease } = item;
          const stored = row && storedIn(row);
          if (stored) divided.push({ ...lease, size: stored.size, row, lease, stored });
          else byPair.delete(pairKey(lease.tenantId, lease.id));
          if (row && !stored) this.begin(row, lease);
          else if (error) this.setAside(lease, 'row', CANNOT_BE_READ, error);
          else if (!row) this.setAside(lease, 'defect', 'Where its tenant lives there is none');
        }
        await this.beginDivided(divided, byPair);
      }),
    );
    const failed = reading.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Those whose states are in parts, as soon as their values are there. */
  private async beginDivided(
    divided: readonly DividedExecution[],
    byPair: Map<TenantKey, Lease>,
  ): Promise<void> {
    try {
      await this.values.read(divided, ({ row, lease, stored }, values) => {
        byPair.delete(pairKey(lease.tenantId, lease.id));
        this.begin(row, lease, () => restoreState(stored, row.input, values));
      });
    } catch (error) {
      if (error instanceof OperationalError) throw error;
      for (const { lease } of divided) {
        if (byPair.delete(pairKey(lease.tenantId, lease.id))) {
          this.setAside(lease, 'defect', CANNOT_BE_READ, error);
        }
      }
    }
  }

  private async read(items: readonly Claimed[]): Promise<(ExecutionRow | undefined)[]> {
    const tokens = new Map(items.map(({ token }) => [token.tenantId, token]));
    const found = await this.options.database.reader.read<ExecutionRow>([...tokens.values()], {
      ...loadExecutions,
      values: [
        plainArray(items.map(({ lease }) => lease.tenantId)),
        plainArray(items.map(({ lease }) => lease.id)),
        plainArray(items.map(({ resting }) => resting?.revision ?? null)),
      ],
    });
    const rows = [...found.values()].flat();
    const byPair = new Map(rows.map((row) => [pairKey(row.tenant_id, row.id), row]));
    return items.map(({ lease, resting }) =>
      withResting(byPair.get(pairKey(lease.tenantId, lease.id)), resting),
    );
  }

  private measureDelay(rows: readonly ExecutionRow[]): void {
    const oldest = rows.reduce((least, row) => Math.min(least, waitsSince(row)), Infinity);
    if (oldest === Infinity) return;
    startDelay.record(Math.max(0, this.options.clock.now() - oldest) / 1_000);
  }

  /** Whatever is wrong with a row, it is wrong with this one alone. */
  private begin(row: ExecutionRow, lease: Lease, restored?: () => RestoredState): void {
    try {
      const execution = executionOf(row, lease, restored?.());
      if (lease.attempts > MOST_ATTEMPTS && !lease.deferred) {
        if (execution.isCancelled) return this.options.runner.cancel(execution);
        return this.setAside(lease, 'crashes', OFTEN_CLAIMED);
      }
      const program = this.options.programs.peek(row.tenant_id, execution.facts.flow);
      if (!program) return void this.compileAndStart(execution);
      execution.program = program;
      this.options.runner.start(execution);
    } catch (error) {
      const cause = causeOf(error);
      const bare = cause === 'row' ? bareExecutionOf(row, lease) : undefined;
      if (bare?.isCancelled) void this.cancelUnreadable(bare);
      else this.setAside(lease, cause, reasonOf(error), error);
    }
  }

  /** Reads the program first; what cannot run here is set aside or given back. Never rejects. */
  async compileAndStart(execution: LiveExecution): Promise<void> {
    const { tokens, programs, runner, live, logger } = this.options;
    const { facts, lease } = execution;
    try {
      await tokens.open([lease], 'ef_worker');
      const token = tokens.get(facts.tenantId, 'ef_worker');
      if (!token) throw tokenEnded();
      execution.program = await programs.get(token, facts.flow);
      runner.start(execution);
    } catch (error) {
      const cause = causeOf(error);
      if (cause === 'not_here' && execution.isCancelled) return runner.cancel(execution);
      if (cause !== 'not_here' && error instanceof UserError) {
        const failure: FlowError = standardError('configuration', error.message);
        return runner.fault(execution, failure);
      }
      if (cause === 'not_here' || !(error instanceof OperationalError)) {
        return this.setAside(lease, cause, reasonOf(error), error);
      }
      logger.warn({ error }, 'a program could not be loaded');
      live.release(1);
      await this.options.returns.giveBack([lease]);
    }
  }

  /** One that nobody can run can still be cancelled: its history goes on where it ended. */
  private async cancelUnreadable(execution: LiveExecution): Promise<void> {
    const { tokens, database, runner } = this.options;
    const { tenantId, id } = execution.facts;
    try {
      const token = tokens.get(tenantId, 'ef_worker');
      if (!token) throw tokenEnded();
      const { rows, values } = await database.tenant(token, async (session) => {
        const items = session.query<{ segment: number; items: string }>({
          ...selectLastItems,
          values: [id],
        });
        const found = await session.query<{ id: number }>({ ...selectValueIds, values: [id] });
        return { rows: (await items).rows, values: found.rows };
      });
      // Nobody reads them any more: they are removed with its end.
      execution.values.restore(values.map((value) => ({ id: value.id, value: null })));
      const last = rows.flatMap(({ segment, items }) => restoreHistory(segment, items)).at(-1);
      runner.cancel(execution, (last?.sequence ?? 0) + 1);
    } catch (error) {
      this.setAside(execution.lease, 'row', CANNOT_BE_READ, error);
    }
  }

  private setAside(lease: Lease, ...[cause, reason, error]: Aside): void {
    const { live, deferrals, logger } = this.options;
    if (error !== undefined) {
      logger.warn({ error, executionId: lease.id }, 'a claimed execution could not be loaded');
    }
    live.release(1);
    deferrals.defer(lease, cause, reason);
  }
}

/** A lease with what this process still knows of its execution. */
interface Claimed {
  readonly token: TenantToken;
  readonly lease: Lease;
  readonly resting: Resting | undefined;
}

/** What is kept of an execution stands for what was not read, where nobody has written the row since. */
function withResting(
  row: ExecutionRow | undefined,
  resting: Resting | undefined,
): ExecutionRow | undefined {
  if (!row || resting?.revision !== row.revision) return row;
  const { input, state, values } = resting;
  return { ...row, input, state, resting: values };
}

type Aside = [cause: Parameters<Deferrals['defer']>[1], reason: string, error?: unknown];

const OFTEN_CLAIMED = `It was claimed ${MOST_ATTEMPTS} times, and each time its process ended before a checkpoint`;

function tokenEnded(): OperationalError {
  return new OperationalError('token.expired', 'The token of a lease has ended before its use');
}

/** The envelope of a state in parts; what no version can read, or only another one, fails with its execution. */
function storedIn({ state }: ExecutionRow): StoredState | undefined {
  try {
    return storedStateOf(state);
  } catch {
    return undefined;
  }
}
