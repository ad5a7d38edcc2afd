/** Events of checkpoints whose outbox rows were left, in their tenant's own session. $1 executions, $2 segments. */
export const loadEvents = {
  name: 'x_load_events',
  text: `
SELECT h.execution_id, h.segment, h.events, e.flow_namespace, e.flow_name, e.flow_version
FROM unnest($1::uuid[], $2::int[]) AS x (execution_id, segment)
CROSS JOIN LATERAL (
  SELECT c.execution_id, c.segment, c.events::text AS events FROM execution_history c
  WHERE c.tenant_id = ctx.tenant() AND c.execution_id = x.execution_id AND c.segment = x.segment
  OFFSET 0
) h
CROSS JOIN LATERAL (
  SELECT c.flow_namespace, c.flow_name, c.flow_version FROM executions c
  WHERE c.tenant_id = ctx.tenant() AND c.id = x.execution_id
  OFFSET 0
) e
ORDER BY h.execution_id, h.segment`,
} as const;
