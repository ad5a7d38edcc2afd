import type { Usage } from '@easyflow/contracts-http';
import { formatTime } from '@easyflow/kernel-time';
import type { DatabaseAccess, TenantToken } from '@easyflow/tenant-context';

/** The counters that analytics keeps; `cost` was fixed with the prices of its time. */
export const readUsage = {
  name: 'g_read_usage',
  text: `
SELECT hour, flow_namespace, flow_name, mode, executions::text AS executions, cost::text AS cost
FROM usage_hourly
WHERE tenant_id = $1 AND hour >= date_trunc('hour', $2::timestamptz, 'UTC') AND hour < $3
ORDER BY hour, flow_namespace, flow_name, mode`,
} as const;

interface UsageRow {
  hour: Date;
  flow_namespace: string;
  flow_name: string;
  mode: string;
  executions: string;
  cost: string;
}

/**
 * Usage of one tenant, read in the tenant's own session: it needs no other service, so it works while Kafka and
 * analytics are down.
 */
export class UsageRepository {
  constructor(private readonly database: Pick<DatabaseAccess, 'tenant'>) {}

  async read(token: TenantToken, from: Date, to: Date): Promise<Usage['items']> {
    const { rows } = await this.database.tenant(token, (session) =>
      session.queryLast<UsageRow>({
        ...readUsage,
        values: [session.tenantId, from.toISOString(), to.toISOString()],
      }),
    );
    return rows.map((row) => ({
      hour: formatTime(row.hour.getTime()),
      flow: `${row.flow_namespace}/${row.flow_name}`,
      mode: row.mode,
      executions: Number(row.executions),
      cost: row.cost,
    }));
  }
}
