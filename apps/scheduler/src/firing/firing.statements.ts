/*
 * Look-ups are fenced (unnest, then LATERAL with FOR UPDATE or OFFSET 0, then ctid), as in the executor's
 * checkpoint: `work` is often empty, and a plan made for an empty table must not stay.
 */

/** Schedules just claimed, in their tenant's own session. $1 schedules. */
export const loadSchedules = {
  name: 's_load',
  text: `
SELECT s.id, s.namespace, s.name, s.version, s.kind, s.expression, s.last_tick, s.next_tick,
  f.active_version IS NOT DISTINCT FROM s.version AS active
FROM unnest($1::uuid[]) AS x (id)
CROSS JOIN LATERAL (
  SELECT c.* FROM schedules c WHERE c.tenant_id = (SELECT ctx.tenant()) AND c.id = x.id OFFSET 0
) s
CROSS JOIN LATERAL (
  SELECT c.active_version FROM flows c
  WHERE c.tenant_id = (SELECT ctx.tenant()) AND c.namespace = s.namespace AND c.name = s.name OFFSET 0
) f`,
} as const;

/** Ends of executions, in their tenant's own session. $1 executions. */
export const loadEnds = {
  name: 's_load_ends',
  text: `
SELECT e.id, e.ended_at
FROM unnest($1::uuid[]) AS x (id)
CROSS JOIN LATERAL (
  SELECT c.id, c.ended_at FROM executions c WHERE c.tenant_id = (SELECT ctx.tenant()) AND c.id = x.id OFFSET 0
) e`,
} as const;

/**
 * Moves schedules to their next tick. Guarded by the lease and by the wakes: a schedule that was replaced since it
 * was read is left as it is, due. Locks the schedule before its work row, as the registry does.
 * $1 tenants, $2 schedules, $3 claim numbers, $4 wakes, $5 due, $6 last tick, $7 next tick, $8 owner.
 * Returns what was moved.
 */
export const moveSchedules = {
  name: 's_move',
  text: `
WITH locked AS (
  SELECT x.*, s.place AS schedule_place, w.place AS work_place
  FROM unnest(
    $1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[]
  ) AS x (tenant_id, id, claim_no, wake_seq, due_at, last_tick, next_tick)
  CROSS JOIN LATERAL (
    SELECT c.ctid AS place FROM schedules c
    WHERE c.tenant_id = x.tenant_id AND c.id = x.id FOR UPDATE
  ) s
  CROSS JOIN LATERAL (
    SELECT c.ctid AS place FROM work c
    WHERE c.tenant_id = x.tenant_id AND c.kind = 'schedule' AND c.id = x.id
      AND c.lease_owner = $8 AND c.claim_no = x.claim_no AND c.lease_until > clock_timestamp()
      AND c.wake_seq = x.wake_seq
    FOR UPDATE
  ) w
), held AS (
  UPDATE work w SET due_at = k.due_at FROM locked k
  -- Always true, and taken for rare: with one row expected, joining by ctid is cheapest in every state of work.
  WHERE w.ctid = k.work_place AND sign(k.claim_no) = 1
  RETURNING k.*
), moved AS (
  UPDATE schedules s SET last_tick = h.last_tick, next_tick = h.next_tick
  FROM held h WHERE s.ctid = h.schedule_place AND sign(h.claim_no) = 1
)
SELECT tenant_id, id FROM held`,
} as const;

/** Deletes work rows of schedules that are gone. $1 tenants, $2 schedules, $3 claim numbers, $4 wakes, $5 owner. */
export const removeWork = {
  name: 's_remove_work',
  text: `
WITH locked AS (
  SELECT x.claim_no, c.place
  FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[])
    AS x (tenant_id, id, claim_no, wake_seq)
  CROSS JOIN LATERAL (
    SELECT c.ctid AS place FROM work c
    WHERE c.tenant_id = x.tenant_id AND c.kind = 'schedule' AND c.id = x.id
      AND c.lease_owner = $5 AND c.claim_no = x.claim_no AND c.lease_until > clock_timestamp()
      AND c.wake_seq = x.wake_seq
    FOR UPDATE
  ) c
)
SELECT ctx.end_work(ARRAY(SELECT k.place FROM locked k)) AS ended`,
} as const;

/** Binds each tick to its execution; returns those that were not bound before. $1 tenants, $2 keys, $3 executions. */
export const bindTicks = {
  name: 's_bind_ticks',
  text: `
INSERT INTO idempotency_keys (tenant_id, key, request_hash, execution_id, dispatch, expires_at)
SELECT x.tenant_id, x.key, sha256(convert_to(x.key, 'UTF8')), x.execution_id, 'hinted', now() + interval '24 hours'
FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS x (tenant_id, key, execution_id)
ON CONFLICT DO NOTHING
RETURNING tenant_id, execution_id`,
} as const;

/** The executions of ticks. $1 tenants, $2 ids, $3 namespaces, $4 names, $5 versions, $6 keys told to the end. */
export const insertTicks = {
  name: 's_insert_ticks',
  text: `
INSERT INTO executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, input, parent_key)
SELECT x.tenant_id, x.id, x.namespace, x.name, x.version, 'balanced', 'pending', '{}', x.parent_key
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
  AS x (tenant_id, id, namespace, name, version, parent_key)`,
} as const;

/** Their work rows, due now. $1 tenants, $2 ids, $3 namespaces, $4 names. */
export const enqueueTicks = {
  name: 's_enqueue_ticks',
  text: `
SELECT count(*) FROM (
  SELECT array_agg(x.tenant_id) AS tenants, array_agg('execution'::text) AS kinds, array_agg(x.id) AS ids,
    array_agg(0::smallint) AS classes, array_agg(now()) AS dues,
    array_agg(hashtextextended(x.namespace || '/' || x.name, 0)) AS flow_keys
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS x (tenant_id, id, namespace, name)
) a CROSS JOIN LATERAL ctx.enqueue(
  a.tenants, a.kinds, a.ids, a.classes, a.dues, p_flow_keys => a.flow_keys
) q`,
} as const;
