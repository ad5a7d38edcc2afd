/** Statements of the registry in one tenant's session under `ef_registry`. */
export const insertFlow = {
  name: 'r_insert_flow',
  text: `
INSERT INTO flows (tenant_id, namespace, name) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, namespace, name) DO NOTHING`,
} as const;

/** The flow's row lock puts all changes of one flow in a line. */
export const lockFlow = {
  name: 'r_lock_flow',
  text: `
SELECT active_version FROM flows
WHERE tenant_id = $1 AND namespace = $2 AND name = $3
FOR UPDATE`,
} as const;

export const readVersion = {
  name: 'r_read_version',
  text: `
SELECT content_hash, created_at, document::text AS document FROM flow_versions
WHERE tenant_id = $1 AND namespace = $2 AND name = $3 AND version = $4`,
} as const;

export const insertVersion = {
  name: 'r_insert_version',
  text: `
INSERT INTO flow_versions
  (tenant_id, namespace, name, version, id, document, source, media_type, content_hash)
VALUES ($1, $2, $3, $4, $5, $6::json, $7, $8, $9)
RETURNING created_at`,
} as const;

export const activateVersion = {
  name: 'r_activate_version',
  text: `
UPDATE flows SET active_version = $4, updated_at = clock_timestamp()
WHERE tenant_id = $1 AND namespace = $2 AND name = $3`,
} as const;

/** Locked: a tick that fires meanwhile would be written over, and the end of its run waited for without end. */
export const readSchedule = {
  name: 'r_read_schedule',
  text: `
SELECT id, kind, expression, last_tick, next_tick FROM schedules
WHERE tenant_id = $1 AND namespace = $2 AND name = $3
FOR UPDATE`,
} as const;

export const putSchedule = {
  name: 'r_put_schedule',
  text: `
INSERT INTO schedules (tenant_id, id, namespace, name, version, kind, expression, next_tick)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (tenant_id, namespace, name) DO UPDATE
  SET version = excluded.version, kind = excluded.kind, expression = excluded.expression,
      next_tick = excluded.next_tick`,
} as const;

/** Inserts the schedule's work row, or wakes it: the scheduler looks again and finds the new tick. */
export const enqueueSchedule = {
  name: 'r_enqueue_schedule',
  text: `
SELECT id FROM ctx.enqueue(
  ARRAY[$1::uuid], ARRAY['schedule'::text], ARRAY[$2::uuid], ARRAY[0::smallint], ARRAY[$3::timestamptz])`,
} as const;

/** A wake only pulls the due time forward; a schedule that became rarer is due later. */
export const postponeSchedule = {
  name: 'r_postpone_schedule',
  text: `
UPDATE work SET due_at = $3 WHERE tenant_id = $1 AND kind = 'schedule' AND id = $2`,
} as const;

export const deleteScheduleWork = {
  name: 'r_delete_schedule_work',
  text: `
SELECT ctx.end_work(ARRAY(
  SELECT c.ctid FROM work c WHERE c.tenant_id = $1 AND c.kind = 'schedule' AND c.id = $2 FOR UPDATE
)) AS ended`,
} as const;

export const deleteSchedule = {
  name: 'r_delete_schedule',
  text: `
SELECT ctx.delete_rows(current_schema(), 'schedules', ARRAY(
  SELECT c.ctid FROM schedules c WHERE c.tenant_id = $1 AND c.id = $2 FOR UPDATE
)) AS deleted`,
} as const;
