import { isFinal } from '@easyflow/contracts-http';
import { restoreHistory } from '@easyflow/engine';
import { UserError } from '@easyflow/kernel-errors';
import { isId, newId } from '@easyflow/kernel-ids';
import type { DatabaseAccess, TenantSession, TenantToken } from '@easyflow/tenant-context';
import {
  insertSignal,
  listExecutions,
  readExecution,
  readHistory,
  resumeExecution,
  wakeExecution,
} from './execution.statements';

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

export interface ExecutionFilter {
  /** Only older than this id. */
  before?: string | undefined;
  flow?: { namespace: string; name: string } | undefined;
  status?: string | undefined;
  limit: number;
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
    const { before, flow, status, limit } = filter;
    const { rows } = await this.database.tenant(token, (session) =>
      session.queryLast<ExecutionSummaryRow>({
        ...listExecutions,
        values: [
          session.tenantId,
          before ?? null,
          flow?.namespace ?? null,
          flow?.name ?? null,
          status ?? null,
          limit,
        ],
      }),
    );
    return rows;
  }

  /**
   * JSON text of the items, in order.
   * @throws UserError `execution.unknown`
   */
  async history(token: TenantToken, id: string): Promise<string> {
    refuseNoId(id);
    return this.database.tenant(token, async (session) => {
      const { rows } = await session.query<{ segment: number; items: string }>({
        ...readHistory,
        values: [session.tenantId, id],
      });
      // An execution that has not started has no history yet, and one that does not exist has none either.
      if (rows.length === 0) await rowOf(session, id);
      return JSON.stringify(rows.flatMap(({ segment, items }) => restoreHistory(segment, items)));
    });
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
        values: [session.tenantId, newId(), id, '{"kind":"cancel"}'],
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
