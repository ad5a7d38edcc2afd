import {
  deadLetterOf,
  receiveTraced,
  sendTraced,
  type IncomingRecord,
  type OutgoingRecord,
  type SubscribeOptions,
  type Subscription,
  type TenantSubscribeOptions,
  type TenantSubscription,
  type Transport,
} from '@easyflow/platform-messaging';
import { AsyncLocalStorage } from 'node:async_hooks';
import { ConsumerLoop } from './consumer-loop';
import { KafkaLink } from './kafka-link';
import { settingsOf, type KafkaSettings, type KafkaTransportOptions } from './kafka-settings';
import { RecordSender } from './record-sender';
import { TenantBuckets } from './tenant-buckets';

const SYSTEM = 'kafka';

/** The transport over Apache Kafka, by kafkajs. */
export class KafkaTransport implements Transport {
  readonly kind = 'kafka';
  private readonly settings: KafkaSettings;
  private readonly link: KafkaLink;
  private readonly sender: RecordSender;
  private readonly open = new Set<() => Promise<void>>();
  /** Consumers must not run in the asynchronous context, and so the tenant, of whoever subscribed. */
  private readonly outside = AsyncLocalStorage.snapshot();

  constructor(options: KafkaTransportOptions) {
    this.settings = settingsOf(options);
    this.link = new KafkaLink(this.settings);
    this.sender = new RecordSender(this.settings, this.link);
  }

  connect(): Promise<void> {
    return this.outside(() => this.link.connect());
  }

  isUp(): boolean {
    return this.link.isUp();
  }

  onStateChange(listener: (up: boolean) => void): () => void {
    return this.link.onStateChange(listener);
  }

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    this.link.use();
    await sendTraced(SYSTEM, records, (traced) => this.sender.send(traced));
  }

  ensureTopics(topics: readonly string[]): Promise<void> {
    return this.sender.ensureTopics(topics);
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    const topics = [...options.topics];
    const loop = this.outside(
      () =>
        new ConsumerLoop(this.settings, this.link, {
          group: options.group,
          topics: () => topics,
          fromBeginning: options.fromBeginning ?? false,
          onBatch: receiveTraced(SYSTEM, options.onBatch),
          onPoison: (record, error) => this.setAside(record, error),
          prepare: (wanted) => this.ensureTopics(wanted),
        }),
    );
    const forget = this.remember(loop);
    this.outside(() => loop.start());
    await loop.whenConsuming();
    return {
      pause: () => loop.pause(),
      resume: () => loop.resume(),
      close: () => forget(),
    };
  }

  async subscribeTenants(options: TenantSubscribeOptions): Promise<TenantSubscription> {
    const buckets = this.outside(
      () =>
        new TenantBuckets(this.settings, this.link, {
          group: options.group,
          onBatch: receiveTraced(SYSTEM, options.onBatch),
          onPoison: (record, error) => this.setAside(record, error),
        }),
    );
    const forget = this.remember(buckets);
    await this.outside(() => buckets.start());
    return {
      pause: () => buckets.pause(),
      resume: () => buckets.resume(),
      notice: (topic) => this.outside(() => buckets.notice(topic)),
      close: () => forget(),
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.open].map((close) => close()));
    await this.link.close();
  }

  /** Has it closed with the transport; returns what closes it earlier. */
  private remember(subscription: { close(): Promise<void> }): () => Promise<void> {
    const close = async (): Promise<void> => {
      this.open.delete(close);
      await subscription.close();
    };
    this.open.add(close);
    return close;
  }

  /** A record that cannot be handled goes to its tenant's dead letter topic, or is only logged. */
  private async setAside(record: IncomingRecord, error: unknown): Promise<void> {
    const { topic, partition, offset } = record;
    const { log } = this.settings;
    log.error({ error, topic, partition, offset }, 'A record cannot be handled; it is set aside');
    const letter = deadLetterOf(record, error);
    if (!letter) return;
    try {
      await this.send([letter]);
    } catch (cause) {
      log.error({ error: cause, topic, partition, offset }, 'A dead letter could not be sent');
    }
  }
}
