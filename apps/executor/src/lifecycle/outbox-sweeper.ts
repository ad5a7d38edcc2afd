import { restoreEvents, type EventSubject } from '@easyflow/engine';
import { OperationalError } from '@easyflow/kernel-errors';
import type { Transport } from '@easyflow/platform-messaging';
import type { Logger } from '@easyflow/platform-telemetry';
import type { DatabaseAccess, Lease, LeaseOwner } from '@easyflow/tenant-context';
import type { TenantTokens } from '../claiming/tenant-tokens';
import type { OutboxRow } from '../checkpoint/flush';
import { outboxSwept } from '../executor-metrics';
import type { LifecyclePublisher } from './lifecycle-publisher';
import { loadEvents } from './outbox.statements';

export interface OutboxSweeperOptions {
  readonly database: Pick<DatabaseAccess, 'claims' | 'tenant'>;
  readonly owner: () => LeaseOwner | undefined;
  readonly tokens: TenantTokens;
  readonly transport: Transport;
  readonly publisher: LifecyclePublisher;
  /** Called with rows that point at nothing: they are deleted. */
  readonly forget: (rows: readonly OutboxRow[]) => void;
  readonly leaseMs: number;
  readonly logger: Logger;
}

interface EventsRow {
  row_id: string;
  events: string;
  execution_id: string;
  flow_namespace: string;
  flow_name: string;
  flow_version: string;
}

const SWEEP_MS = 1_000;
/** Rows of one claim; each may stand for the checkpoints of a whole flush. */
const MOST_AT_ONCE = 20;

/**
 * Publishes what other executors left in the outbox: a crash, or a broker that was down. Rows become claimable 5 s
 * after their checkpoint; the claim gives ids only, what they point at is read under the tenant's token.
 */
export class OutboxSweeper {
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> | undefined;

  constructor(private readonly options: OutboxSweeperOptions) {}

  start(): void {
    this.timer = setInterval(() => {
      if (!this.options.transport.isUp()) return;
      this.sweeping ??= this.sweep().finally(() => (this.sweeping = undefined));
    }, SWEEP_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }

  private async sweep(): Promise<void> {
    const { database, tokens, publisher, leaseMs, logger } = this.options;
    const owner = this.options.owner();
    if (!owner) return;
    try {
      for (let full = true; full && publisher.hasRoom;) {
        const leases = await database.claims.claim(owner, ['outbox'], MOST_AT_ONCE, leaseMs);
        full = leases.length === MOST_AT_ONCE;
        if (leases.length === 0) return;
        outboxSwept.add(leases.length);
        await Promise.all([tokens.open(leases, 'ef_worker'), tokens.open(leases, 'ef_writer')]);
        for (const [tenantId, own] of byTenant(leases)) await this.publishOf(tenantId, own);
      }
    } catch (error) {
      logger.warn({ error }, 'the outbox could not be swept');
    }
  }

  /** What cannot be read of one tenant keeps nobody else's events. */
  private async publishOf(tenantId: string, leases: readonly Lease[]): Promise<void> {
    try {
      await this.publish(tenantId, leases);
    } catch (error) {
      if (error instanceof OperationalError) throw error;
      this.options.logger.error({ error, tenantId }, 'entries of the outbox could not be read');
    }
  }

  private async publish(tenantId: string, leases: readonly Lease[]): Promise<void> {
    const { database, tokens, publisher, forget } = this.options;
    const token = tokens.get(tenantId, 'ef_worker');
    if (!token) return;
    const { rows } = await database.tenant(token, (session) =>
      session.query<EventsRow>({ ...loadEvents, values: [leases.map(({ id }) => id)] }),
    );
    const lost: OutboxRow[] = [];
    for (const { id } of leases) {
      const own = rows.filter((row) => row.row_id === id);
      const events = own.flatMap((row) => this.eventsOf(row));
      if (events.length > 0) publisher.add({ tenantId, id, events });
      else lost.push({ tenantId, id });
    }
    if (lost.length > 0) forget(lost);
  }

  /** None of a checkpoint whose events are none: they would stop those of the others at every sweep. */
  private eventsOf(row: EventsRow): string[] {
    try {
      return [JSON.stringify(restoreEvents(subjectOf(row), row.events))];
    } catch (error) {
      const executionId = row.execution_id;
      this.options.logger.error({ error, executionId }, 'events of a checkpoint cannot be read');
      return [];
    }
  }
}

function subjectOf(row: EventsRow): EventSubject {
  const { flow_namespace: namespace, flow_name: name, flow_version: version } = row;
  return { id: row.execution_id, flow: { namespace, name, version } };
}

function byTenant(leases: readonly Lease[]): Map<string, Lease[]> {
  const found = new Map<string, Lease[]>();
  for (const lease of leases) {
    const own = found.get(lease.tenantId);
    if (own) own.push(lease);
    else found.set(lease.tenantId, [lease]);
  }
  return found;
}
