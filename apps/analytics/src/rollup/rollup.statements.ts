/** Statements of the roll-up in one tenant's session under `ef_analytics`. */

/**
 * `ended_at` is the database's clock at the checkpoint. The hour is found through the block range index on it; the
 * connections of `ef_analytics` do not have the plan settings of the queue, which switch its bitmap scan off.
 */
export const countHour = {
  name: 'a_count_hour',
  text: `
SELECT flow_namespace, flow_name, mode, count(*)::text AS executions
FROM executions
WHERE tenant_id = $1 AND status = 'completed'
  AND ended_at >= $2::timestamptz AND ended_at < $2::timestamptz + interval '1 hour'
GROUP BY flow_namespace, flow_name, mode`,
} as const;

/** Counters are replaced, never added to: counting twice changes nothing. */
export const dropHour = {
  name: 'a_drop_hour',
  text: 'DELETE FROM usage_hourly WHERE tenant_id = $1 AND hour = $2',
} as const;

export const insertHour = {
  name: 'a_insert_hour',
  text: `
INSERT INTO usage_hourly (tenant_id, hour, flow_namespace, flow_name, mode, executions, cost)
SELECT $1, $2, x.namespace, x.name, x.mode, x.executions, x.cost
FROM unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::numeric[])
  AS x (namespace, name, mode, executions, cost)`,
} as const;

/** Whether nothing can be added to the hour any more, asked before it is counted. */
export const readSettled = {
  name: 'a_read_settled',
  text: 'SELECT clock_timestamp() >= $1::timestamptz AS settled',
} as const;

/**
 * After the count, not before: a wake of the row is part of every flush that completes something, and must not wait
 * for a count. A completion that this count missed has woken the row, or is waiting for this lock to do so.
 */
export const lockWork = {
  name: 'a_lock_work',
  text: `
SELECT wake_seq, claim_no FROM work WHERE tenant_id = $1 AND kind = 'rollup' AND id = $2
FOR UPDATE`,
} as const;

export const postponeWork = {
  name: 'a_postpone_work',
  text: `
UPDATE work SET due_at = $3 WHERE tenant_id = $1 AND kind = 'rollup' AND id = $2`,
} as const;

/** A busy hour is woken by every flush; it is counted again after as long as a wake waits. */
export const restWork = {
  name: 'a_rest_work',
  text: `
UPDATE work SET due_at = clock_timestamp() + interval '3 seconds'
WHERE tenant_id = $1 AND kind = 'rollup' AND id = $2`,
} as const;

export const deleteWork = {
  name: 'a_delete_work',
  text: `DELETE FROM work WHERE tenant_id = $1 AND kind = 'rollup' AND id = $2`,
} as const;

/** Once an hour and tenant: keys that nobody can replay any more. */
export const dropExpiredKeys = {
  name: 'a_drop_expired_keys',
  text: 'DELETE FROM idempotency_keys WHERE tenant_id = $1 AND expires_at <= clock_timestamp()',
} as const;
