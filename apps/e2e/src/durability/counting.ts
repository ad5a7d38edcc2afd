import type { Shape } from '../shape/shape';

/** What the database says of a tenant's executions of one flow. */
export interface Counted {
  executions: number;
  completed: number;
  /** Ends in the history: one for each execution, or something ended twice. */
  ends: number;
  /** Executions in whose history a task completed twice, or a sequence number is missing or stands twice. */
  irregular: number;
}

/** Counts executions of `e2e/<name>` and looks for anything that happened twice. */
export async function countExecutions(
  shape: Shape,
  tenantId: string,
  name: string,
): Promise<Counted> {
  const [row] = await shape.sql<Record<keyof Counted, number>>(
    `WITH chosen AS (
       SELECT tenant_id, id, status FROM executions WHERE tenant_id = $1 AND flow_namespace = 'e2e' AND flow_name = $2
     ), items AS (
       SELECT c.id, i.value ->> 'type' AS type, i.value ->> 'task' AS task, (i.value ->> 'sequence')::int AS sequence
       FROM chosen c JOIN execution_history h ON h.tenant_id = c.tenant_id AND h.execution_id = c.id
       CROSS JOIN LATERAL json_array_elements(h.items) AS i (value)
     ), each AS (
       SELECT id,
         count(*) FILTER (WHERE type = 'executionEnded') AS ends,
         count(*) FILTER (WHERE type = 'taskCompleted') AS done,
         count(DISTINCT task) FILTER (WHERE type = 'taskCompleted') AS tasks,
         count(*) AS items, count(DISTINCT sequence) AS sequences, max(sequence) - min(sequence) + 1 AS span
       FROM items GROUP BY id
     )
     SELECT (SELECT count(*)::int FROM chosen) AS executions,
       (SELECT count(*)::int FROM chosen WHERE status = 'completed') AS completed,
       coalesce(sum(ends), 0)::int AS ends,
       count(*) FILTER (WHERE done <> tasks OR items <> sequences OR items <> span)::int AS irregular
     FROM each`,
    [tenantId, name],
  );
  return row ?? { executions: 0, completed: 0, ends: 0, irregular: 0 };
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
