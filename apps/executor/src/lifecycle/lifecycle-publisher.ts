import { MESSAGE_HEADERS, tenantEventsTopic } from '@easyflow/contracts-events';
import type { OutgoingRecord, Transport } from '@easyflow/platform-messaging';
import type { Logger } from '@easyflow/platform-telemetry';
import type { EnvelopeSigner } from '@easyflow/tenant-context';
import type { OutboxRow } from '../checkpoint/flush';
import { lifecycleRecords } from './lifecycle-records';

/** What a row of the outbox stands for: events of a tenant that one flush committed. */
export interface OutboxEntry extends OutboxRow {
  /** JSON arrays of CloudEvents, one a checkpoint. */
  readonly events: readonly string[];
}

export interface LifecyclePublisherOptions {
  readonly transport: Transport;
  readonly signer: EnvelopeSigner;
  /** Placement epoch of a tenant, 0 when it is not known. */
  readonly epochOf: (tenantId: string) => number;
  /** Called with rows of the outbox that are published now. */
  readonly published: (rows: readonly OutboxRow[]) => void;
  readonly logger: Logger;
}

const TYPE = 'lifecycle';
const SHORTEST_LINGER_MS = 100;
const LONGEST_LINGER_MS = 1_000;
/** An append to a topic costs broker and consumers about 0.1 ms each: so the linger grows by this a tenant. */
const LINGER_A_TENANT_MS = 5;
/** Beyond this the rows in the database are enough; they are published after 5 s. */
const MOST_CHECKPOINTS = 20_000;

/**
 * Relays lifecycle events after their commit: one record a tenant and linger. What cannot be sent is forgotten
 * here: its outbox rows stay and any executor publishes them later. Delivery is at least once.
 */
export class LifecyclePublisher {
  private waiting = new Map<string, OutboxEntry[]>();
  private count = 0;
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> = Promise.resolve();

  constructor(private readonly options: LifecyclePublisherOptions) {}

  /** Whether more is taken; what is not is published by a sweep. */
  get hasRoom(): boolean {
    return this.options.transport.isUp() && this.count < MOST_CHECKPOINTS;
  }

  /** Takes committed events. */
  add(entry: OutboxEntry): void {
    if (!this.hasRoom) return;
    const waiting = this.waiting.get(entry.tenantId);
    if (waiting) waiting.push(entry);
    else this.waiting.set(entry.tenantId, [entry]);
    this.count += entry.events.length;
    this.timer ??= setTimeout(() => void this.flush(), SHORTEST_LINGER_MS);
  }

  /** Publishes what waits. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    const waiting = this.waiting;
    this.waiting = new Map();
    this.count = 0;
    if (waiting.size > 0) {
      // In order: a tenant's later events never overtake earlier ones of this process.
      this.sending = this.sending.then(() => this.send(waiting));
      await this.sending;
      await new Promise((resolve) => setTimeout(resolve, lingerOf(waiting.size)).unref());
    }
    this.timer = undefined;
    if (this.waiting.size > 0) this.timer = setTimeout(() => void this.flush(), 0);
  }

  /** Publishes what waits, without a linger. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    const waiting = this.waiting;
    this.waiting = new Map();
    this.count = 0;
    await this.sending;
    if (waiting.size > 0) await this.send(waiting);
  }

  private async send(waiting: ReadonlyMap<string, readonly OutboxEntry[]>): Promise<void> {
    try {
      const records = [...waiting].map(([tenantId, entries]) => this.recordsOf(tenantId, entries));
      // One record a topic and request: a broker takes so much of a topic at once, and refuses the request for one.
      for (let round = 0; records.some(({ length }) => length > round); round += 1) {
        await this.options.transport.send(records.flatMap((own) => own[round] ?? []));
      }
    } catch (error) {
      this.options.logger.warn({ error }, 'lifecycle events are published later');
      return;
    }
    this.options.published([...waiting.values()].flat());
  }

  /** None of a tenant whose events are none: its entries of the outbox are forgotten with the others'. */
  private recordsOf(tenantId: string, entries: readonly OutboxEntry[]): OutgoingRecord[] {
    try {
      return this.records(tenantId, entries);
    } catch (error) {
      this.options.logger.error({ error, tenantId }, 'lifecycle events that cannot be published');
      return [];
    }
  }

  private records(tenantId: string, entries: readonly OutboxEntry[]): OutgoingRecord[] {
    const topic = tenantEventsTopic(tenantId);
    return lifecycleRecords(entries.flatMap(({ events }) => events)).map((value) => {
      const envelope = this.options.signer.sign({
        topic,
        type: TYPE,
        tenantId,
        epoch: this.options.epochOf(tenantId),
        value,
      });
      return { topic, headers: { ...envelope, [MESSAGE_HEADERS.pattern]: TYPE }, value };
    });
  }
}

function lingerOf(tenants: number): number {
  return Math.min(LONGEST_LINGER_MS, Math.max(SHORTEST_LINGER_MS, tenants * LINGER_A_TENANT_MS));
}
