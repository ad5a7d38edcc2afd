import type { Usage } from '@easyflow/contracts-http';
import { formatTime } from '@easyflow/kernel-time';
import type { DatabaseAccess, TenantToken } from '@easyflow/tenant-context';
import { readUsage } from './usage.statements';

interface UsageRow {
  hour: Date;
  flow_namespace: string;
  flow_name: string;
  mode: string;
  executions: string;
  cost: string;
}

/** Where a page of usage begins: behind this row. */
export type UsageKey = readonly [hour: string, namespace: string, name: string, mode: string];

export interface UsagePage {
  items: Usage['items'];
  /** The key of the last item, when there are more. */
  next?: UsageKey;
}

/**
 * Usage of one tenant, read in the tenant's own session: it needs no other service, so it works while Kafka and
 * analytics are down.
 */
export class UsageRepository {
  constructor(private readonly database: Pick<DatabaseAccess, 'tenant'>) {}

  async read(token: TenantToken, after: UsageKey, to: Date, limit: number): Promise<UsagePage> {
    const { rows } = await this.database.tenant(token, (session) =>
      session.queryLast<UsageRow>({
        ...readUsage,
        // One more than asked for tells whether there is a next page.
        values: [session.tenantId, ...after, to.toISOString(), limit + 1],
      }),
    );
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return { items: page.map(itemOf), ...(last ? { next: keyOf(last) } : {}) };
  }
}

function itemOf(row: UsageRow): Usage['items'][number] {
  return {
    hour: formatTime(row.hour.getTime()),
    flow: `${row.flow_namespace}/${row.flow_name}`,
    mode: row.mode,
    executions: Number(row.executions),
    cost: row.cost,
  };
}

function keyOf({ hour, flow_namespace, flow_name, mode }: UsageRow): UsageKey {
  return [formatTime(hour.getTime()), flow_namespace, flow_name, mode];
}
