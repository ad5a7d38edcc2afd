/** A version's document as text, in its tenant's own session: a large one is parsed elsewhere. $1 namespace, $2 name, $3 version. */
export const selectDocument = {
  name: 'x_document',
  text: `SELECT document::text AS document FROM flow_versions WHERE tenant_id = ctx.tenant() AND namespace = $1 AND name = $2 AND version = $3`,
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

/**
 * How many executions wait for each other down to this one, itself included, counted up to $2. $1 its id. In the tenant's own session.
 */
export const countLevels = {
  name: 'x_levels',
  text: `
WITH RECURSIVE line AS (
  SELECT e.parent_id, e.parent_key, 1 AS level FROM executions e
  WHERE e.tenant_id = ctx.tenant() AND e.id = $1::uuid
  UNION ALL
  SELECT e.parent_id, e.parent_key, line.level + 1 FROM line
  CROSS JOIN LATERAL (
    SELECT p.parent_id, p.parent_key FROM executions p
    WHERE p.tenant_id = ctx.tenant() AND p.id = line.parent_id OFFSET 0
  ) e
  WHERE line.parent_key IS NOT NULL AND line.level < $2::int
)
SELECT max(level) AS levels FROM line`,
} as const;
