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

/** Keyset pages in the order of the primary key. */
export const listActiveFlows = {
  name: 'g_list_active_flows',
  text: `
SELECT v.namespace, v.name, v.version, v.created_at, true AS active
FROM flows f
JOIN flow_versions v
  ON v.tenant_id = f.tenant_id AND v.namespace = f.namespace AND v.name = f.name
 AND v.version = f.active_version
WHERE (f.namespace, f.name) > ($1, $2)
ORDER BY f.namespace, f.name
LIMIT $3`,
} as const;

/** Newest first: ids are UUIDv7. A flow that does not exist has no rows. */
export const listFlowVersions = {
  name: 'g_list_flow_versions',
  text: `
SELECT v.id, v.namespace, v.name, v.version, v.created_at,
       coalesce(f.active_version = v.version, false) AS active
FROM flow_versions v
JOIN flows f ON f.tenant_id = v.tenant_id AND f.namespace = v.namespace AND f.name = v.name
WHERE v.namespace = $1 AND v.name = $2 AND ($3::uuid IS NULL OR v.id < $3)
ORDER BY v.id DESC
LIMIT $4`,
} as const;
