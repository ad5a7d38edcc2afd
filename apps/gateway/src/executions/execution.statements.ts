/** Statements on executions in one tenant's session under `ef_api`; row-level security adds the tenant. */
const head = `
  id, status, flow_namespace, flow_name, flow_version, mode, created_at, started_at, ended_at`;

/**
 * Characters of an error that lists show. Authors may raise errors of a megabyte, and a page has a thousand items: its
 * gateway would not live through it.
 */
export const LISTED_ERROR = 4_096;

export const readExecution = {
  name: 'g_read_execution',
  text: `
SELECT ${head}, error::text AS error, input::text AS input, output::text AS output,
  w.reason AS deferral, w.due_at AS deferred_until
FROM executions e
LEFT JOIN LATERAL (
  SELECT c.reason, c.due_at FROM work c
  WHERE c.tenant_id = $1 AND c.kind = 'execution' AND c.id = $2 OFFSET 0
) w ON true
WHERE e.tenant_id = $1 AND e.id = $2`,
} as const;

/**
 * Newest first by the primary key: ids are UUIDv7. An error that is longer than shown comes as its beginning, with what
 * stands behind its status: a quote within a text is escaped, so this one is the member's.
 */
export const listExecutions = {
  name: 'g_list_executions',
  text: `
SELECT ${head}, left(error::text, ${LISTED_ERROR}) AS error,
  CASE WHEN char_length(error::text) > ${LISTED_ERROR}
    THEN substr(error::text, strpos(error::text, '"status":') + 9, 12) END AS error_status
FROM executions
WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2)
  AND ($3::text IS NULL OR (flow_namespace = $3 AND flow_name = $4))
  AND ($5::text IS NULL OR status = $5)
ORDER BY id DESC
LIMIT $6`,
} as const;

/** Items in their stored form, a row a checkpoint. */
export const readHistory = {
  name: 'g_read_history',
  text: `
SELECT segment, items::text AS items
FROM execution_history WHERE tenant_id = $1 AND execution_id = $2
ORDER BY segment`,
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
VALUES ($1, $2, $3, $4::json)`,
} as const;
