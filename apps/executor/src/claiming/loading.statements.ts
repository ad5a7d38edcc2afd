/*
 * Fenced like the checkpoint: a look-up by pair must stay one, whatever the tables held when they were analysed.
 * All run under a read bundle of ef_worker, which hands each row to the context of its own tenant.
 */

/**
 * Executions just claimed, with the signals that wait for them. $1 tenants, $2 ids, $3 revisions whose input and state
 * are known and not read again, or null.
 */
export const loadExecutions = {
  name: 'x_load',
  text: `
SELECT e.*, s.signals
FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS x (tenant_id, id, revision)
CROSS JOIN LATERAL (
  SELECT c.tenant_id, c.id, c.flow_namespace, c.flow_name, c.flow_version, c.mode, c.status, c.revision,
    CASE WHEN c.revision = x.revision THEN NULL ELSE c.input END AS input,
    CASE WHEN c.revision = x.revision THEN NULL ELSE c.state END AS state, c.parent_id, c.parent_key, c.reply_slot, c.trace_parent, c.created_at, c.started_at
  FROM executions c
  WHERE c.tenant_id = x.tenant_id AND c.id = x.id OFFSET 0
) e
CROSS JOIN LATERAL (
  SELECT json_agg(json_build_object('id', c.id, 'signal', c.signal) ORDER BY c.id) AS signals
  FROM execution_signals c
  WHERE c.tenant_id = x.tenant_id AND c.execution_id = x.id OFFSET 0
) s`,
} as const;

/**
 * The values that stored states refer to (ADR 0027), each once: a row is there for as long as the state needs it.
 * $1 tenants, $2 executions.
 */
export const loadValues = {
  name: 'x_load_values',
  text: `
SELECT v.tenant_id, v.execution_id, v.id, v.value, v.refs
FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, id)
CROSS JOIN LATERAL (
  SELECT c.tenant_id, c.execution_id, c.id, c.value, c.refs FROM execution_values c
  WHERE c.tenant_id = x.tenant_id AND c.execution_id = x.id OFFSET 0
) v`,
} as const;

/** Ids of the values of an execution whose state cannot be read. $1 its id. */
export const selectValueIds = {
  name: 'x_value_ids',
  text: `SELECT id FROM execution_values WHERE tenant_id = (SELECT ctx.tenant()) AND execution_id = $1 ORDER BY id`,
} as const;

/** Signals that have come for executions in memory. $1 tenants, $2 executions. */
export const loadSignals = {
  name: 'x_load_signals',
  text: `
SELECT s.tenant_id, s.execution_id, s.id, s.signal
FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, id)
CROSS JOIN LATERAL (
  SELECT c.tenant_id, c.execution_id, c.id, c.signal FROM execution_signals c
  WHERE c.tenant_id = x.tenant_id AND c.execution_id = x.id OFFSET 0
) s
ORDER BY s.id`,
} as const;
