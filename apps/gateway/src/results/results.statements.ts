/**
 * Bytes of a result, as it is stored, that are read together with those of others: one statement reads 500 results, and
 * compressed text may be a hundred times as long.
 */
const SMALL_BYTES = 4_000;

/** Status and result of executions of a read bundle; each row goes only to its own tenant. Large results are only told. */
export const readResults = {
  name: 'g_read_results',
  text: `
SELECT x.tenant_id, x.id, e.status, e.large,
  CASE WHEN NOT e.large THEN e.output::text END AS output, CASE WHEN NOT e.large THEN e.error::text END AS error
FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, id)
CROSS JOIN LATERAL (
  SELECT r.status, r.output, r.error,
    coalesce(pg_column_size(r.output), 0) + coalesce(pg_column_size(r.error), 0) > ${SMALL_BYTES} AS large
  FROM executions r
  WHERE r.tenant_id = x.tenant_id AND r.id = x.id
  OFFSET 0
) e`,
} as const;

/** A large result, in its tenant's own session. */
export const readLargeResult = {
  name: 'g_read_large_result',
  text: `
SELECT status, output::text AS output, error::text AS error
FROM executions WHERE tenant_id = $1 AND id = $2`,
} as const;
