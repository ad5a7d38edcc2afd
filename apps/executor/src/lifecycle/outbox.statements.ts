/**
 * Events of checkpoints whose outbox rows were left, in their tenant's own session. $1 ids of the rows.
 * A row that points at nothing does not come back.
 */
export const loadEvents = {
  name: 'x_load_events',
  text: `
SELECT x.id AS row_id, h.events, h.execution_id, h.flow_namespace, h.flow_name, h.flow_version
FROM unnest($1::uuid[]) AS x (id)
CROSS JOIN LATERAL (
  SELECT s.execution_id, s.segment, c.events, e.flow_namespace, e.flow_name, e.flow_version
  FROM (
    SELECT c.executions, c.segments FROM outbox c
    WHERE c.tenant_id = ctx.tenant() AND c.id = x.id
    OFFSET 0
  ) o
  CROSS JOIN LATERAL unnest(o.executions, o.segments) AS s (execution_id, segment)
  CROSS JOIN LATERAL (
    SELECT c.events::text AS events FROM execution_history c
    WHERE c.tenant_id = ctx.tenant() AND c.execution_id = s.execution_id AND c.segment = s.segment
    OFFSET 0
  ) c
  CROSS JOIN LATERAL (
    SELECT c.flow_namespace, c.flow_name, c.flow_version FROM executions c
    WHERE c.tenant_id = ctx.tenant() AND c.id = s.execution_id
    OFFSET 0
  ) e
  WHERE c.events IS NOT NULL
) h
ORDER BY x.id, h.execution_id, h.segment`,
} as const;
