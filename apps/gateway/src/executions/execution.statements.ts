/** Statements on executions in one tenant's session under `ef_api`; row-level security adds the tenant. */
export const readExecution = {
  name: 'g_read_execution',
  text: `
SELECT id, status, flow_namespace, flow_name, flow_version, mode, created_at, started_at, ended_at,
  error::text AS error, input::text AS input, output::text AS output,
  w.reason AS deferral, w.due_at AS deferred_until
FROM executions e
LEFT JOIN LATERAL (
  SELECT c.reason, c.due_at FROM work c
  WHERE c.tenant_id = $1 AND c.kind = 'execution' AND c.id = $2 OFFSET 0
) w ON true
WHERE e.tenant_id = $1 AND e.id = $2`,
} as const;

/** An execution that is not final has exactly one work row; waking it locks it against a checkpoint. */
export const wakeExecution = {
  name: 'g_wake_execution',
  text: `
UPDATE work SET wake_seq = wake_seq + 1, due_at = least(due_at, clock_timestamp())
WHERE tenant_id = $1 AND kind = 'execution' AND id = $2`,
} as const;

/** One that no process could run is tried again, as if for the first time. */
export const resumeExecution = {
  name: 'g_resume_execution',
  text: `
UPDATE work
SET attempts = 0, reason = NULL, wake_seq = wake_seq + 1, due_at = least(due_at, clock_timestamp())
WHERE tenant_id = $1 AND kind = 'execution' AND id = $2 AND reason IS NOT NULL`,
} as const;

export const insertSignal = {
  name: 'g_insert_signal',
  text: `
INSERT INTO execution_signals (tenant_id, id, execution_id, signal)
VALUES ($1, $2, $3, $4::json)
ON CONFLICT DO NOTHING`,
} as const;
