/** Reads of flows in one tenant's session under `ef_api`; row-level security adds the tenant. */
export const readActiveFlow = {
  name: 'g_read_active_flow',
  text: `
SELECT f.active_version AS version
FROM flows f
WHERE f.namespace = $1 AND f.name = $2`,
} as const;

export const readFlowVersion = {
  name: 'g_read_flow_version',
  text: `
SELECT v.namespace, v.name, v.version, v.created_at,
       coalesce(f.active_version = v.version, false) AS active
FROM flow_versions v
JOIN flows f ON f.tenant_id = v.tenant_id AND f.namespace = v.namespace AND f.name = v.name
WHERE v.namespace = $1 AND v.name = $2 AND v.version = $3`,
} as const;

export const readFlowDocument = {
  name: 'g_read_flow_document',
  text: `
SELECT document::text AS document, source, media_type
FROM flow_versions
WHERE namespace = $1 AND name = $2 AND version = $3`,
} as const;

/** All that accepting an execution needs of a document, which may have 1 MB: Postgres reads it, not the event loop. */
export const readInputSchema = {
  name: 'g_read_input_schema',
  text: `
SELECT (document #> '{input,schema}')::text AS schema
FROM flow_versions
WHERE namespace = $1 AND name = $2 AND version = $3`,
} as const;

/** Keyset pages in the order of the primary key, of which a partial index has the active ones. $1 tenant. */
export const listActiveFlows = {
  name: 'g_list_active_flows',
  text: `
SELECT f.namespace, f.name, v.version, v.created_at, true AS active
FROM flows f
CROSS JOIN LATERAL (
  SELECT c.version, c.created_at FROM flow_versions c
  WHERE c.tenant_id = $1 AND c.namespace = f.namespace AND c.name = f.name AND c.version = f.active_version
  OFFSET 0
) v
WHERE f.tenant_id = $1 AND f.active_version IS NOT NULL AND (f.namespace, f.name) > ($2, $3)
ORDER BY f.namespace, f.name
LIMIT $4`,
} as const;

/**
 * Newest first, before an id: ids are UUIDv7. A flow that does not exist has no rows. $1 tenant. Written as a range of
 * (namespace, name, id), which only one index is in the order of: in that of ids alone all flows would be gone through.
 */
export const listFlowVersions = {
  name: 'g_list_flow_versions',
  text: `
SELECT v.id, v.namespace, v.name, v.version, v.created_at,
       coalesce(f.active_version = v.version, false) AS active
FROM flow_versions v
CROSS JOIN LATERAL (
  SELECT c.active_version FROM flows c
  WHERE c.tenant_id = $1 AND c.namespace = v.namespace AND c.name = v.name OFFSET 0
) f
WHERE v.tenant_id = $1 AND v.id < $4::uuid
  AND (v.namespace, v.name) >= ($2, $3) AND (v.namespace, v.name, v.id) < ($2, $3, $4::uuid)
ORDER BY v.namespace DESC, v.name DESC, v.id DESC
LIMIT $5`,
} as const;
