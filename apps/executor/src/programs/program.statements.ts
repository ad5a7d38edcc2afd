/** A version's document, in its tenant's own session. $1 namespace, $2 name, $3 version. */
export const selectDocument = {
  name: 'x_document',
  text: `SELECT document FROM flow_versions WHERE tenant_id = ctx.tenant() AND namespace = $1 AND name = $2 AND version = $3`,
} as const;

/** The version that a sub-flow runs: the one asked for when it exists, the active one for `latest`. */
export const selectVersion = {
  name: 'x_version',
  text: `
SELECT CASE WHEN $3 = 'latest' THEN f.active_version ELSE v.version END AS version
FROM flows f
LEFT JOIN flow_versions v
  ON v.tenant_id = f.tenant_id AND v.namespace = f.namespace AND v.name = f.name AND v.version = $3
WHERE f.tenant_id = ctx.tenant() AND f.namespace = $1 AND f.name = $2`,
} as const;
