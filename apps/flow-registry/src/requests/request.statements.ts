/** The inbox of control requests, in the tenant's own session under `ef_registry`. */
export const readRequest = {
  name: 'r_read_request',
  text: `
SELECT service, pattern, body::text AS body, reply IS NOT NULL AS replied
FROM requests WHERE tenant_id = $1 AND id = $2`,
} as const;

export const storeReply = {
  name: 'r_store_reply',
  text: `
UPDATE requests SET reply = $3::json, replied_at = clock_timestamp()
WHERE tenant_id = $1 AND id = $2 AND reply IS NULL`,
} as const;
