/*
 * Every look-up is fenced: `unnest … CROSS JOIN LATERAL (… FOR UPDATE | OFFSET 0)` and then by `ctid`. `work` is
 * often empty, and a plan made for an empty table joins the batch by a scan with a join filter and stays while
 * the table grows: 12,000 executions a second became 300. The fence costs 6 %. Where nothing of the look-up is
 * returned, `ctid = ANY (ARRAY(…))` leaves the planner nothing else at all: joined by ctid, an empty and analysed
 * table was scanned by its index with a join filter.
 */

/**
 * Locks the work rows that a flush checkpoints and those it wakes, in one order for all flushes, so that two
 * flushes that wake each other's executions cannot deadlock. Only needed when there are wakes.
 * $1 tenants, $2 kinds, $3 ids: sorted, distinct.
 */
export const lockWork = {
  name: 'x_lock_work',
  text: `
SELECT count(*) FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS x (tenant_id, kind, id)
CROSS JOIN LATERAL (
  SELECT c.id FROM work c
  WHERE c.tenant_id = x.tenant_id AND c.kind = x.kind AND c.id = x.id
  FOR UPDATE
) w`,
} as const;

/**
 * When an execution ended: the clock, read after the row locks gave the transaction its id. That order is what lets a
 * count of usage go on from the last one (`a_count_new`); `now()` is from before it. Within the hour in which the
 * transaction began, whose roll-up row it wakes.
 */
const ENDED_AT = `greatest(now(), least(clock_timestamp(),
        date_trunc('hour', now(), 'UTC') + interval '1 hour' - interval '1 microsecond'))`;

/**
 * The checkpoint of many executions. Only rows whose lease is still this owner's, by number and by the database's
 * clock, are touched; everything else is written from those. A function deletes the rows of what has ended, because who
 * may delete may lock the table (ADR 0022); they are locked here, and it fails unless it deletes all. A wake that
 * committed since the signals were read leaves the row due, and keeps a final one from ending: its signal may be a
 * cancellation that was answered 202. Only `cancelled` ends all the same: there is nothing left to read. A flush whose
 * COMMIT was not answered is repeated: what it wrote under this lease may be there already, which is looked for where
 * the execution goes on (where it ended, its work row is gone). ON CONFLICT DO NOTHING would log a confirmation of each row. `final` is a number because the planner takes an
 * equality without statistics for rare: with one row expected, joining by ctid is cheapest in every state of `work`.
 * $1 tenants, $2 ids, $3 claim numbers, $4 wakes whose signals were read, $5 1 for final ones, else 0, $6 due (null:
 * now), $7 status, $8 state, $9 output, $10 error, $11 started, $12 segment, $13 items, $14 events, $15 owner, $16 id of the outbox rows, of which each
 * tenant with events gets one, $17 flows as namespace/name.
 * Returns the pairs written with the wakes that the row holds, and those that a wake kept from ending: `held`.
 */
export const writeCheckpoints = { name: 'x_checkpoint', text: checkpointText() } as const;

/**
 * The same where values of states come or go (ADR 0027): few flushes, so the others do not pay for it. The rows of
 * values stand in arrays of their own, of which each checkpoint has a part: it comes back with its checkpoint or not
 * at all. A repeated flush may find its values there.
 * $1 to $17 as above, $18 first and $19 last position of what is added, $20 first and $21 last of what is removed;
 * $22 ids, $23 values and $24 references of what is added, $25 ids of what is removed.
 */
export const writeCheckpointsWithValues = {
  name: 'x_checkpoint_values',
  text: checkpointText({
    parameters: ', $18::int[], $19::int[], $20::int[], $21::int[]',
    columns: ', first_added, last_added, first_removed, last_removed',
    parts: `, kept_values AS (
  INSERT INTO execution_values (tenant_id, execution_id, id, value, refs)
  SELECT g.tenant_id, g.id, v.id, v.value, v.refs FROM guarded g
  CROSS JOIN LATERAL unnest(
    ($22::int[])[g.first_added:g.last_added], ($23::json[])[g.first_added:g.last_added],
    ($24::json[])[g.first_added:g.last_added]
  ) AS v (id, value, refs)
  ON CONFLICT DO NOTHING
), dropped_values AS (
  SELECT ctx.delete_rows(current_schema(), 'execution_values', ARRAY(
    SELECT c.place FROM guarded g
    CROSS JOIN LATERAL unnest(($25::int[])[g.first_removed:g.last_removed]) AS r (id)
    CROSS JOIN LATERAL (
      SELECT c.ctid AS place FROM execution_values c
      WHERE c.tenant_id = g.tenant_id AND c.execution_id = g.id AND c.id = r.id OFFSET 0
    ) c
  )) AS count
)`,
    // A query that only reads runs when it is read.
    after: ' WHERE (SELECT d.count FROM dropped_values d) >= 0',
  }),
} as const;

function checkpointText(values = { parameters: '', columns: '', parts: '', after: '' }): string {
  return `
WITH x AS (
  SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::int[], $6::timestamptz[], $7::text[],
    $8::json[], $9::json[], $10::json[], $11::timestamptz[], $12::int[], $13::json[], $14::json[],
    $17::text[]${values.parameters}
  ) AS x (
    tenant_id, id, claim_no, wake_seq, final, due_at, status,
    state, output, error, started_at, segment, items, events, flow${values.columns}
  )
), locked AS (
  SELECT x.*, w.place, w.wakes,
    (x.final = 1 AND w.wakes <> x.wake_seq AND x.status <> 'cancelled')::int AS held
  FROM x
  CROSS JOIN LATERAL (
    SELECT c.ctid AS place, c.wake_seq AS wakes FROM work c
    WHERE c.tenant_id = x.tenant_id AND c.kind = 'execution' AND c.id = x.id
      AND c.lease_owner = $15 AND c.claim_no = x.claim_no AND c.lease_until > clock_timestamp()
    FOR UPDATE
  ) w
), ended AS (
  SELECT k.* FROM locked k
  WHERE k.final = 1 AND k.held = 0
    AND (SELECT ctx.end_work(ARRAY(SELECT e.place FROM locked e WHERE e.final = 1 AND e.held = 0))) > 0
), kept AS (
  UPDATE work w
  SET attempts = 0, reason = NULL, status = k.status, flow_key = hashtextextended(k.flow, 0),
    due_at = CASE WHEN k.due_at IS NULL OR k.wakes <> k.wake_seq THEN now() ELSE k.due_at END
  FROM locked k WHERE w.ctid = k.place AND k.final = 0
  RETURNING k.*
), guarded AS (
  SELECT * FROM ended UNION ALL SELECT * FROM kept
), written AS (
  UPDATE executions e
  SET status = g.status, state = g.state, output = g.output, error = g.error,
      revision = e.revision + 1, started_at = g.started_at,
      ended_at = CASE WHEN g.final = 1 THEN ${ENDED_AT} END
  FROM (
    SELECT k.*, c.place AS row_place FROM guarded k
    CROSS JOIN LATERAL (
      SELECT c.ctid AS place FROM executions c
      WHERE c.tenant_id = k.tenant_id AND c.id = k.id OFFSET 0
    ) c
  ) g
  WHERE e.ctid = g.row_place
), listed AS (
  INSERT INTO ended_executions (tenant_id, flow_key, status, slot, ids)
  SELECT tenant_id, hashtextextended(flow, 0), status, substring(uuid_send(id) FROM 1 FOR 5), array_agg(id)
  FROM ended GROUP BY 1, 2, 3, 4
), news AS (
  SELECT g.* FROM guarded g WHERE g.segment IS NOT NULL AND (g.final = 1 OR NOT EXISTS (
    SELECT FROM execution_history h
    WHERE h.tenant_id = g.tenant_id AND h.execution_id = g.id AND h.segment = g.segment
  ))
), remembered AS (
  INSERT INTO execution_history (tenant_id, execution_id, segment, items, events)
  SELECT tenant_id, id, segment, items, events FROM news
), relayed AS (
  INSERT INTO outbox (tenant_id, id, executions, segments)
  SELECT tenant_id, $16::uuid, array_agg(id), array_agg(segment) FROM news WHERE events IS NOT NULL
  GROUP BY tenant_id
)${values.parts}
SELECT tenant_id, id, wakes, held FROM guarded${values.after}
UNION ALL
SELECT tenant_id, id, wakes, held FROM locked WHERE held = 1`;
}

/**
 * Shows executions as suspended that no process can run, under their leases. $1 tenants, $2 ids, $3 claim numbers,
 * $4 owner.
 */
export const suspendExecutions = {
  name: 'x_suspend',
  text: `
WITH locked AS (
  SELECT x.tenant_id, x.id, w.place FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS x (tenant_id, id, claim_no)
  CROSS JOIN LATERAL (
    SELECT c.ctid AS place FROM work c
    WHERE c.tenant_id = x.tenant_id AND c.kind = 'execution' AND c.id = x.id
      AND c.lease_owner = $4 AND c.claim_no = x.claim_no AND c.lease_until > clock_timestamp()
    FOR UPDATE
  ) w
), listed AS (
  UPDATE work w SET status = 'suspended' WHERE w.ctid = ANY (ARRAY(SELECT k.place FROM locked k))
)
UPDATE executions e SET status = 'suspended', revision = e.revision + 1
WHERE e.ctid = ANY (ARRAY(
  SELECT c.place FROM locked k
  CROSS JOIN LATERAL (
    SELECT c.ctid AS place FROM executions c
    WHERE c.tenant_id = k.tenant_id AND c.id = k.id OFFSET 0
  ) c
))`,
} as const;

/**
 * Wakes parents and schedules. $1 tenants, $2 kinds, $3 ids: distinct, because one statement updates a row once.
 */
export const wakeWork = {
  name: 'x_wake',
  text: `
UPDATE work w SET wake_seq = w.wake_seq + 1, due_at = least(w.due_at, now())
WHERE w.ctid = ANY (ARRAY(
  SELECT k.place FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS x (tenant_id, kind, id)
  CROSS JOIN LATERAL (
    SELECT c.ctid AS place FROM work c
    WHERE c.tenant_id = x.tenant_id AND c.kind = x.kind AND c.id = x.id
    FOR UPDATE
  ) k
))`,
} as const;

/**
 * Signals for executions that are not final; those of final ones (a parent that was cancelled) have no reader.
 * $1 tenants, $2 executions, $3 signal ids, $4 signals.
 */
export const insertSignals = {
  name: 'x_insert_signals',
  text: `
INSERT INTO execution_signals (tenant_id, execution_id, id, signal)
SELECT x.tenant_id, x.execution_id, x.id, x.signal
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::json[]) AS x (tenant_id, execution_id, id, signal)
CROSS JOIN LATERAL (
  SELECT 1 FROM work c
  WHERE c.tenant_id = x.tenant_id AND c.kind = 'execution' AND c.id = x.execution_id OFFSET 0
) w`,
} as const;

/** Deletes the stored signals that a checkpoint holds. $1 tenants, $2 ids. */
export const deleteSignals = {
  name: 'x_delete_signals',
  text: `
SELECT ctx.delete_rows(current_schema(), 'execution_signals', ARRAY(
  SELECT c.place FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, id)
  CROSS JOIN LATERAL (
    SELECT c.ctid AS place FROM execution_signals c
    WHERE c.tenant_id = x.tenant_id AND c.id = x.id OFFSET 0
  ) c
)) AS deleted`,
} as const;

/**
 * Sub-flows. $1 tenants, $2 ids, $3 namespaces, $4 names, $5 versions, $6 modes, $7 inputs, $8 parents,
 * $9 parent keys, $10 trace contexts.
 */
export const insertChildren = {
  name: 'x_insert_children',
  text: `
INSERT INTO executions (
  tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, input,
  parent_id, parent_key, trace_parent
)
SELECT x.tenant_id, x.id, x.namespace, x.name, x.version, x.mode, 'pending', x.input,
  x.parent_id, x.parent_key, x.trace_parent
FROM unnest(
  $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::json[],
  $8::uuid[], $9::text[], $10::text[]
) AS x (tenant_id, id, namespace, name, version, mode, input, parent_id, parent_key, trace_parent)
ON CONFLICT DO NOTHING`,
} as const;

/** Work rows of sub-flows, due now. $1 tenants, $2 ids, $3 classes, $4 flows as namespace/name. */
export const enqueueChildren = {
  name: 'x_enqueue_children',
  text: `
SELECT count(*) FROM (
  SELECT array_agg(x.tenant_id) AS tenants, array_agg('execution'::text) AS kinds,
    array_agg(x.id) AS ids, array_agg(x.class) AS classes, array_agg(now()) AS dues,
    array_agg(hashtextextended(x.flow, 0)) AS flow_keys
  FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[]) AS x (tenant_id, id, class, flow)
) a CROSS JOIN LATERAL ctx.enqueue(
  a.tenants, a.kinds, a.ids, a.classes, a.dues, p_flow_keys => a.flow_keys
) q`,
} as const;

/** The id of the roll-up row of the hour in which this transaction ends its executions. */
const ROLLUP_ID = `('00000000-0000-7000-8000-' ||
    lpad(to_hex(extract(epoch FROM date_trunc('hour', now(), 'UTC'))::bigint), 12, '0'))::uuid`;

/** How long completions gather before analytics counts the hour again, milliseconds. */
export const ROLLUP_DELAY_MS = 3_000;

/**
 * Wakes the roll-up rows of the hour, or inserts them. $1 tenants, sorted. An UPDATE of the row found by a look-up
 * costs a third, but misses the row in every flush that waited for another's: each then took a round trip more.
 */
export const enqueueRollups = {
  name: 'x_enqueue_rollups',
  text: `
SELECT count(*) FROM (
  SELECT array_agg(x.tenant_id) AS tenants, array_agg('rollup'::text) AS kinds,
    array_agg(${ROLLUP_ID}) AS ids, array_agg(0::smallint) AS classes,
    array_agg(now() + interval '${ROLLUP_DELAY_MS} milliseconds') AS dues
  FROM unnest($1::uuid[]) AS x (tenant_id)
) a CROSS JOIN LATERAL ctx.enqueue(a.tenants, a.kinds, a.ids, a.classes, a.dues) q`,
} as const;

/** Deletes outbox rows whose events were published. $1 tenants, $2 ids. */
export const deleteOutbox = {
  name: 'x_delete_outbox',
  text: `
SELECT ctx.forget_outbox(ARRAY(
  SELECT c.place FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, id)
  CROSS JOIN LATERAL (
    SELECT c.ctid AS place FROM outbox c
    WHERE c.tenant_id = x.tenant_id AND c.id = x.id
    OFFSET 0
  ) c
)) AS forgotten`,
} as const;
