/** Statements of the roll-up in one tenant's session under `ef_analytics`. */

/**
 * What stands of the hour, and whether nothing can be added to it any more: asked before it is counted. A cursor that
 * is ahead of this server's transactions was made on another one (a restored backup) and says nothing.
 * $1 tenant, $2 hour, $3 when the hour is settled.
 */
export const readHour = {
  name: 'a_read_hour',
  text: `
SELECT clock_timestamp() >= $3::timestamptz AS settled, c.snapshot, c.uncounted_from::text AS uncounted_from,
  (SELECT coalesce(json_agg(json_build_object(
      'namespace', u.flow_namespace, 'name', u.flow_name, 'mode', u.mode, 'executions', u.executions::text)), '[]')
   FROM usage_hourly u WHERE u.tenant_id = $1 AND u.hour = $2) AS counted
FROM (VALUES (1)) one (row)
LEFT JOIN usage_cursors c ON c.tenant_id = $1 AND c.hour = $2
  AND pg_snapshot_xmax(c.snapshot::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot())`,
} as const;

/**
 * The completions of an hour that a snapshot had not seen. Whoever completes an execution writes the row for the last
 * time, so its `xmin` is the transaction that completed it: what is visible now and was not then is new, whatever the
 * order in which transactions began, wrote and committed. `xmin` has 32 bits and is completed from the snapshot's 64.
 *
 * `ended_at` only bounds what is read. It is the database's clock, read after the transaction got its id; so when all
 * transactions that had an id at the last count are over, what has not been seen ended after that count. The hour is
 * found through the block range index; the connections of `ef_analytics` do not have the plan settings of the queue,
 * which switch its bitmap scan off.
 * $1 tenant, $2 hour, $3 from when on there is anything new, $4 the snapshot of the last count; both null for the whole hour.
 */
export const countNew = {
  name: 'a_count_new',
  text: `
WITH now_seen AS MATERIALIZED (
  SELECT pg_current_snapshot() AS snapshot, pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next
), found AS (
  SELECT e.flow_namespace, e.flow_name, e.mode, count(*) AS executions
  FROM executions e
  WHERE e.tenant_id = $1 AND e.status = 'completed'
    AND e.ended_at >= greatest($2::timestamptz, $3::timestamptz) AND e.ended_at < $2::timestamptz + interval '1 hour'
    AND NOT coalesce(pg_visible_in_snapshot(
      ((SELECT s.next FROM now_seen s)
        - (((SELECT s.next FROM now_seen s) - e.xmin::text::bigint) & 4294967295))::text::xid8,
      $4::pg_snapshot), false)
  GROUP BY e.flow_namespace, e.flow_name, e.mode
)
SELECT s.snapshot::text AS snapshot, now()::text AS counted_at,
  (SELECT coalesce(json_agg(json_build_object(
      'namespace', f.flow_namespace, 'name', f.flow_name, 'mode', f.mode, 'executions', f.executions::text)), '[]')
   FROM found f) AS counted
FROM now_seen s`,
} as const;

/** Counters are replaced by their new values, so that the cost is always the count times the price. */
export const dropHour = {
  name: 'a_drop_hour',
  text: `
SELECT ctx.delete_rows(current_schema(), 'usage_hourly', ARRAY(
  SELECT c.ctid FROM usage_hourly c WHERE c.tenant_id = $1 AND c.hour = $2
)) AS deleted`,
} as const;

export const insertHour = {
  name: 'a_insert_hour',
  text: `
INSERT INTO usage_hourly (tenant_id, hour, flow_namespace, flow_name, mode, executions, cost)
SELECT $1, $2, x.namespace, x.name, x.mode, x.executions, x.cost
FROM unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::numeric[])
  AS x (namespace, name, mode, executions, cost)`,
} as const;

/**
 * Where the next count goes on. When all transactions that had an id at the mark are over, what has not been seen ended
 * after the mark, and a new one is set; until then the bound stays. A second is left for a clock that is set back, and
 * what a transaction completes after its hour is over is put at the hour's end.
 * $1 tenant, $2 hour, $3 the snapshot of this count, $4 a time before it.
 */
export const moveCursor = {
  name: 'a_move_cursor',
  text: `
INSERT INTO usage_cursors AS c (tenant_id, hour, snapshot, uncounted_from, mark, marked_at)
VALUES ($1, $2, $3::text, $2, pg_snapshot_xmax($3::pg_snapshot)::text, $4)
ON CONFLICT (tenant_id, hour) DO UPDATE SET (snapshot, uncounted_from, mark, marked_at) = (
  SELECT excluded.snapshot,
    CASE WHEN passed.yes THEN greatest(c.uncounted_from,
      least(c.marked_at, excluded.hour + interval '1 hour') - interval '1 second') ELSE c.uncounted_from END,
    CASE WHEN passed.yes THEN excluded.mark ELSE c.mark END,
    CASE WHEN passed.yes THEN excluded.marked_at ELSE c.marked_at END
  FROM (SELECT pg_snapshot_xmin(excluded.snapshot::pg_snapshot) >= c.mark::xid8 AS yes) passed)`,
} as const;

export const dropCursor = {
  name: 'a_drop_cursor',
  text: `
SELECT ctx.delete_rows(current_schema(), 'usage_cursors', ARRAY(
  SELECT c.ctid FROM usage_cursors c WHERE c.tenant_id = $1 AND c.hour = $2
)) AS deleted`,
} as const;
