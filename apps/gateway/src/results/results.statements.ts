/** Status and result of executions of a read bundle; each row goes only to its own tenant. */
export const readResults = {
  name: 'g_read_results',
  text: `
SELECT x.tenant_id, x.id, e.status, e.output::text AS output, e.error::text AS error
FROM unnest($1::uuid[], $2::uuid[]) AS x (tenant_id, id)
CROSS JOIN LATERAL (
  SELECT r.status, r.output, r.error
  FROM executions r
  WHERE r.tenant_id = x.tenant_id AND r.id = x.id
  OFFSET 0
) e`,
} as const;
