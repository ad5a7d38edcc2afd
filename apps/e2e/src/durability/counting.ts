import { waitFor } from '@easyflow/testing';
import type { Item } from '../shape/api';
import type { Shape, Tenant } from '../shape/shape';
import { inParallel } from './load';

/** What the database says of a tenant's executions of one flow. */
export interface Counted {
  executions: number;
  completed: number;
  /** Ends in the history: one for each execution, or something ended twice. */
  ends: number;
  /** Executions in whose history a task completed twice, or a sequence number is missing or stands twice. */
  irregular: number;
}

/** Counts executions of `e2e/<name>` in the database and looks in their histories for what happened twice. */
export async function countExecutions(
  shape: Shape,
  tenant: Tenant,
  name: string,
): Promise<Counted> {
  const rows = await shape.sql<{ id: string; status: string }>(
    `SELECT id, status FROM executions WHERE tenant_id = $1 AND flow_namespace = 'e2e' AND flow_name = $2`,
    [tenant.id, name],
  );
  const histories = await inParallel(rows.length, 16, async (n) => {
    const { body } = await tenant.api.get(`/v1/executions/${rows[n]?.id}/history`);
    return body.items;
  });
  return {
    executions: rows.length,
    completed: rows.filter(({ status }) => status === 'completed').length,
    ends: histories.flat().filter(({ type }) => type === 'executionEnded').length,
    irregular: histories.filter((items) => !isRegular(items)).length,
  };
}

/** Sequence numbers without a gap or a repetition, and no task completed twice. */
function isRegular(items: readonly Item[]): boolean {
  const [first] = items;
  const done = items.filter(({ type }) => type === 'taskCompleted').map(({ task }) => task);
  return (
    new Set(done).size === done.length &&
    items.every(({ sequence }, index) => sequence === (first?.sequence ?? 0) + index)
  );
}

/** The count when each of so many executions completed exactly once. */
export function exactlyOnce(executions: number): Counted {
  return { executions, completed: executions, ends: executions, irregular: 0 };
}

/** Everything an executor writes of these executions: equal before and after means that nothing was written. */
export async function written(shape: Shape, tenantId: string): Promise<string> {
  const [row] = await shape.sql<{ text: string }>(
    `SELECT concat(
       (SELECT md5(string_agg(concat(id, status, revision, output, ended_at), ',' ORDER BY id)) FROM executions WHERE tenant_id = $1),
       (SELECT md5(string_agg(concat(execution_id, segment, items), ',' ORDER BY execution_id, segment)) FROM execution_history WHERE tenant_id = $1)
     ) AS text`,
    [tenantId],
  );
  return row?.text ?? '';
}

/** Work of a tenant's executions that is not final. */
export function openWork(shape: Shape, tenantId: string): Promise<number> {
  return shape.count(`SELECT count(*) FROM work WHERE tenant_id = $1 AND kind = 'execution'`, [
    tenantId,
  ]);
}

/** Waits until all executions of a tenant are final. */
export async function untilDone(shape: Shape, tenant: Tenant, timeout = 60_000): Promise<void> {
  await waitFor(async () => (await openWork(shape, tenant.id)) === 0, {
    timeout,
    every: 250,
    describe: async () => `no open work; ${await openWork(shape, tenant.id)} are open`,
  });
}
