/**
 * The counters that analytics keeps; `cost` was fixed with the prices of its time. A page in the order of the primary key.
 * $1 tenant, $2 the hour, $3 namespace, $4 name and $5 mode that the page comes after, $6 hours before this, $7 rows.
 */
export const readUsage = {
  name: 'g_read_usage',
  text: `
SELECT hour, flow_namespace, flow_name, mode, executions::text AS executions, cost::text AS cost
FROM usage_hourly
WHERE tenant_id = $1 AND (hour, flow_namespace, flow_name, mode) > ($2::timestamptz, $3, $4, $5) AND hour < $6
ORDER BY hour, flow_namespace, flow_name, mode
LIMIT $7`,
} as const;
