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
DELETE FROM requests WHERE tenant_id = $1 AND id = $2 AND reply IS NOT NULL
RETURNING reply::text AS reply`,
} as const;

/** Requests whose asker went away before the reply came. A tenant has few rows here, so this reads few. */
export const dropOldRequests = {
  name: 'g_drop_old_requests',
  text: `
DELETE FROM requests WHERE tenant_id = $1 AND created_at < clock_timestamp() - interval '1 day'`,
} as const;
