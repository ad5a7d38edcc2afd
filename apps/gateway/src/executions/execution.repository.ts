import { isFinal } from '@easyflow/contracts-http';
import { UserError } from '@easyflow/kernel-errors';
import { derivedId, idTime, isId } from '@easyflow/kernel-ids';
import type { DatabaseAccess, TenantSession, TenantToken } from '@easyflow/tenant-context';
import { pageOfExecutions, type ExecutionFilter } from './execution-page';
import {
  insertSignal,
  readExecution,
  resumeExecution,
  wakeExecution,
} from './execution.statements';
import { historyPage, type HistoryRange, type StoredHistory } from './history-page';
import { findExecution, readHistoryAfter, readHistoryFrom } from './history.statements';

export interface ExecutionSummaryRow {
  id: string;
  status: string;
  flow_namespace: string;
  flow_name: string;
  flow_version: string;
  mode: string;
  /** JSON text, or the beginning of a long one. */
  error: string | null;
  /** Of a long error: what stands behind `"status":`. */
  error_status: string | null;
  created_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
}

export interface ExecutionRow extends Omit<ExecutionSummaryRow, 'error_status'> {
  /** JSON text. */
  input: string | null;
  /** JSON text. */
  output: string | null;
  /** Why no process runs it now. */
  deferral: string | null;
  /** When it is tried again: `Infinity` when somebody has to resume it. */
  deferred_until: Date | number | null;
}

/** Executions of one tenant, in the tenant's own session. */
export class ExecutionRepository {
  constructor(private readonly database: Pick<DatabaseAccess, 'tenant'>) {}

  /** @throws UserError `execution.unknown`, also for an id of another tenant */
  async get(token: TenantToken, id: string): Promise<ExecutionRow> {
    refuseNoId(id);
    return this.database.tenant(token, (session) => rowOf(session, id));
  }

  async list(token: TenantToken, filter: ExecutionFilter): Promise<ExecutionSummaryRow[]> {
    const { rows } = await this.database.tenant(token, (session) =>
      session.queryLast<ExecutionSummaryRow>(pageOfExecutions(session.tenantId, filter)),
    );
    return rows;
  }

  /**
   * JSON text of a page of the history. Each read of rows is a transaction of its own.
   * @throws UserError `execution.unknown`
   */
  async history(token: TenantToken, id: string, range: HistoryRange): Promise<string> {
    refuseNoId(id);
    const page = await historyPage(range, (from) =>
      this.database.tenant(token, async (session) => {
        const statement =
          'sequence' in from
            ? { ...readHistoryFrom, values: [session.tenantId, id, from.sequence] }
            : { ...readHistoryAfter, values: [session.tenantId, id, from.behind] };
        return (await session.queryLast<StoredHistory>(statement)).rows;
      }),
    );
    if (page !== undefined) return page;
    const { rowCount } = await this.database.tenant(token, (session) =>
      session.queryLast({ ...findExecution, values: [session.tenantId, id] }),
    );
    if (rowCount === 0) throw unknownExecution();
    return '{"items":[]}';
  }

  /**
   * Leaves a cancel signal and wakes the execution, in one transaction; the executor does the rest.
   * @throws UserError `execution.unknown`; `execution.final` (409)
   */
  async cancel(token: TenantToken, id: string): Promise<ExecutionRow> {
    refuseNoId(id);
    return this.database.tenant(token, async (session) => {
      const { rowCount } = await session.query({
        ...wakeExecution,
        values: [session.tenantId, id],
      });
      const row = await rowOf(session, id);
      if (rowCount === 0) throw alreadyFinal(row);
      await session.query({
        ...insertSignal,
        values: [session.tenantId, cancelId(id), id, '{"kind":"cancel"}'],
      });
      return row;
    });
  }

  /**
   * Has an execution that was put off or suspended tried again now; one that was neither goes on as it does.
   * @throws UserError `execution.unknown`; `execution.final` (409)
   */
  async resume(token: TenantToken, id: string): Promise<ExecutionRow> {
    refuseNoId(id);
    return this.database.tenant(token, async (session) => {
      await session.query({ ...resumeExecution, values: [session.tenantId, id] });
      const row = await rowOf(session, id);
      if (isFinal(row.status)) throw alreadyFinal(row);
      return row;
    });
  }
}

async function rowOf(session: TenantSession, id: string): Promise<ExecutionRow> {
  const { rows } = await session.query<ExecutionRow>({
    ...readExecution,
    values: [session.tenantId, id],
  });
  const row = rows[0];
  if (!row) throw unknownExecution();
  return row;
}

/** One cancellation an execution waits to be read, however often it is asked for: a claim reads all its signals. */
function cancelId(id: string): string {
  return derivedId(idTime(id), `cancel ${id}`);
}

/** What is no id of ours names nothing, and the database is not asked. */
function refuseNoId(id: string): void {
  if (!isId(id)) throw unknownExecution();
}

function alreadyFinal({ status }: ExecutionRow): UserError {
  const message = `The execution has ended: it is ${status}`;
  return new UserError('execution.final', message, { status: 409 });
}

function unknownExecution(): UserError {
  return new UserError('execution.unknown', 'There is no such execution', { status: 404 });
}
