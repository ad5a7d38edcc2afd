import { tenantOfEventsTopic } from '@easyflow/contracts-events';
import type { TenantSubscription } from '@easyflow/platform-messaging';
import { setTimeout as pause } from 'node:timers/promises';
import { ConsumerLoop, type ConsumerLoopOptions } from './consumer-loop';
import { warnOfGroupDelay } from './group-delay';
import type { KafkaLink } from './kafka-link';
import type { KafkaSettings } from './kafka-settings';

interface Bucket {
  topics: Set<string>;
  loop: ConsumerLoop;
}

/** How often and how long a topic that was announced is looked for; the poll finds it later. */
const NOTICE_ATTEMPTS = 30;
const NOTICE_PAUSE_MS = 100;

/**
 * The event topics of all tenants, spread over bucket consumers by a hash of the tenant. A new topic rejoins
 * only its own bucket; it is found by a notice, and by a look at the list of topics every so often.
 */
export class TenantBuckets implements TenantSubscription {
  private readonly buckets: Bucket[];
  private readonly stopListening: () => void;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private closed = false;
  private warned: Promise<void> | undefined;

  constructor(
    private readonly settings: KafkaSettings,
    private readonly link: KafkaLink,
    options: Omit<ConsumerLoopOptions, 'topics' | 'fromBeginning'>,
  ) {
    this.buckets = Array.from({ length: settings.buckets }, (_, index) => {
      const topics = new Set<string>();
      const loop = new ConsumerLoop(settings, link, {
        ...options,
        group: `${options.group}.bucket-${index}`,
        topics: () => [...topics],
        // What was sent between a topic's creation and its pick-up must not be skipped.
        fromBeginning: true,
      });
      return { topics, loop };
    });
    this.stopListening = link.onStateChange((up) => {
      if (up) void this.look();
    });
  }

  /** Finds the topics there are and waits until they are consumed; with Kafka down it begins later. */
  async start(): Promise<void> {
    await this.look();
  }

  async notice(topic: string): Promise<void> {
    const bucket = this.bucketOf(topic);
    if (!bucket || bucket.topics.has(topic)) return;
    // Looked for before the bucket stops for it: a topic that is not known yet must not hold the others.
    if (!(await this.appears(topic))) return;
    bucket.topics.add(topic);
    await bucket.loop.update();
  }

  pause(): void {
    for (const { loop } of this.buckets) loop.pause();
  }

  resume(): void {
    for (const { loop } of this.buckets) loop.resume();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.stopListening();
    await Promise.all(this.buckets.map(({ loop }) => loop.close()));
  }

  /** Compares what is consumed with the topics that exist. Never rejects: the next look does better. */
  private look(): Promise<void> {
    this.looking ??= this.takeIn()
      .catch((error: unknown) => {
        this.settings.log.debug({ error }, 'The topics of tenants could not be listed');
      })
      .finally(() => {
        this.looking = undefined;
        this.lookLater();
      });
    return this.looking;
  }

  private lookLater(): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    this.timer = setTimeout(() => void this.look(), this.settings.timing.topicPoll);
    this.timer.unref();
  }

  private async takeIn(): Promise<void> {
    if (!this.link.isUp()) return;
    this.warned ??= warnOfGroupDelay(this.link.use().admin, this.settings.log);
    // What a notice adds while the list is on its way is not missing from it.
    const before = this.buckets.map((bucket) => ({ bucket, topics: [...bucket.topics] }));
    const existing = new Set(await this.link.use().admin.listTopics());
    const changed = new Set<Bucket>();
    for (const topic of existing) {
      const bucket = this.bucketOf(topic);
      if (bucket && !bucket.topics.has(topic)) changed.add(bucket);
      bucket?.topics.add(topic);
    }
    for (const { bucket, topics } of before) {
      const gone = topics.filter((topic) => !existing.has(topic));
      for (const topic of gone) bucket.topics.delete(topic);
      if (gone.length > 0) changed.add(bucket);
    }
    if (this.closed) return;
    await Promise.all([...changed].map((bucket) => bucket.loop.update()));
  }

  private async appears(topic: string): Promise<boolean> {
    for (let attempt = 1; attempt <= NOTICE_ATTEMPTS; attempt += 1) {
      if (this.closed || !this.link.isUp()) return false;
      if ((await this.link.use().admin.listTopics()).includes(topic)) return true;
      await pause(NOTICE_PAUSE_MS, undefined, { ref: false });
    }
    this.settings.log.warn({ topic }, 'A topic that was announced does not exist');
    return false;
  }

  private bucketOf(topic: string): Bucket | undefined {
    const tenantId = tenantOfEventsTopic(topic);
    if (tenantId === undefined) return undefined;
    // The last digits of a UUIDv7 are random, so they spread evenly without a hash of their own.
    return this.buckets[Number.parseInt(tenantId.slice(-8), 16) % this.buckets.length];
  }
}
