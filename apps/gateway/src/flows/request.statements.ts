/** The inbox of control requests, in the tenant's own session under `ef_api`. */
export const insertRequest = {
  name: 'g_insert_request',
  text: `
INSERT INTO requests (tenant_id, id, service, pattern, body)
VALUES ($1, $2, $3, $4, $5::json)`,
} as const;

/** A request that was answered is read once and is then of no use. */
export const takeReply = {
  name: 'g_take_reply',
  text: `
WITH answered AS MATERIALIZED (
  SELECT c.ctid AS place, c.reply::text AS reply FROM requests c
  WHERE c.tenant_id = $1 AND c.id = $2 AND c.reply IS NOT NULL
)
SELECT a.reply, ctx.delete_rows(current_schema(), 'requests', ARRAY[a.place]) AS deleted FROM answered a`,
} as const;

/**
 * Requests whose asker went away before the reply came, the oldest first, a few at a time: more are dropped than come.
 * $2 the id that a request of a day ago would have.
 */
export const dropOldRequests = {
  name: 'g_drop_old_requests',
  text: `
SELECT ctx.delete_rows(current_schema(), 'requests', ARRAY(
  SELECT c.ctid FROM requests c WHERE c.tenant_id = $1 AND c.id < $2::uuid ORDER BY c.id LIMIT 100
)) AS deleted`,
} as const;
