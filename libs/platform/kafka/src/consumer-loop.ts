import { deliver, type BatchHandler, type IncomingRecord } from '@easyflow/platform-messaging';
import type { Consumer } from 'kafkajs';
import { setTimeout as pause } from 'node:timers/promises';
import { BatchCollector } from './batch-collector';
import { FormerMember } from './former-member';
import { createClient } from './kafka-client';
import { isUnknownTopic } from './kafka-errors';
import type { KafkaLink } from './kafka-link';
import type { KafkaSettings } from './kafka-settings';
import { LinkWait } from './link-wait';

export interface ConsumerLoopOptions {
  group: string;
  /** The topics wanted at this moment; asked at every (re)start. */
  topics: () => readonly string[];
  fromBeginning: boolean;
  onBatch: BatchHandler;
  onPoison: (record: IncomingRecord, error: unknown) => Promise<void>;
  /** Creates the topics before they are subscribed to, where nobody else does. */
  prepare?: (topics: readonly string[]) => Promise<void>;
}

/** Partitions handed over side by side, to be gathered into one batch. */
const CONCURRENCY = 128;

/** How long a topic that was just created may be unknown to a broker. */
const UNKNOWN_TOPIC_ATTEMPTS = 30;
const UNKNOWN_TOPIC_PAUSE_MS = 100;

/** A subscription that is refused for long must not keep its service from starting. */
const CONSUMING_WITHIN_MS = 15_000;

/** Never gives up by itself: a member that stays keeps its place in the group over a broker's restart. */
const ENDLESS = { initialRetryTime: 20, maxRetryTime: 500, retries: Number.MAX_SAFE_INTEGER };

interface Running {
  consumer: Consumer;
  topics: ReadonlySet<string>;
  collector: BatchCollector;
}

/**
 * One member of one consumer group: starts when Kafka is up, starts again when kafkajs gives up, and takes new
 * topics in by stop, subscribe and run on the same consumer. All steps run one after the other, because kafkajs
 * breaks when it is stopped while it joins.
 */
export class ConsumerLoop {
  private readonly ended = new AbortController();
  private readonly linkWait: LinkWait;
  private readonly former: FormerMember;
  private steps: Promise<void> = Promise.resolve();
  private running: Running | undefined;
  private paused = false;
  private joined = false;
  private consuming = false;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly settings: KafkaSettings,
    link: KafkaLink,
    private readonly options: ConsumerLoopOptions,
  ) {
    this.linkWait = new LinkWait(link, this.ended.signal);
    this.former = new FormerMember(options.group);
  }

  /** Begins in the background. */
  start(): void {
    this.step(() => this.ensureRunning());
  }

  /** Resolves when records arrive, or when Kafka is down and they arrive later. */
  async whenConsuming(): Promise<void> {
    if (this.consuming || this.options.topics().length === 0) return;
    const over = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.waiting.add(resolve);
    try {
      await Promise.race([
        promise,
        this.linkWait.down(over.signal),
        pause(CONSUMING_WITHIN_MS, undefined, { ref: false, signal: over.signal }),
      ]);
    } finally {
      this.waiting.delete(resolve);
      over.abort();
    }
  }

  /** Takes the wanted topics in; resolves like `whenConsuming`. Calls that come meanwhile share one rejoin. */
  async update(): Promise<void> {
    this.step(() => this.rejoin());
    await this.steps;
    await this.whenConsuming();
  }

  pause(): void {
    this.paused = true;
    this.applyPause();
  }

  resume(): void {
    this.paused = false;
    if (!this.running || !this.joined) return;
    this.running.consumer.resume([...this.running.topics].map((topic) => ({ topic })));
  }

  /** Ends after the batch in hand. */
  async close(): Promise<void> {
    this.ended.abort();
    await this.steps;
    await this.dispose();
  }

  private step(work: () => Promise<void>): void {
    this.steps = this.steps.then(work).catch((error: unknown) => {
      if (this.ended.signal.aborted) return;
      this.settings.log.warn(
        { error, group: this.options.group },
        'A Kafka consumer could not start; it is started again',
      );
      this.step(() => this.restart());
    });
  }

  private async restart(): Promise<void> {
    await this.dispose();
    await pause(this.settings.timing.reconnect, undefined, { ref: false });
    await this.ensureRunning();
  }

  private async ensureRunning(): Promise<void> {
    if (this.running || this.options.topics().length === 0) return;
    await this.linkWait.up();
    if (this.ended.signal.aborted) return;
    const running = this.build();
    this.running = running;
    await running.consumer.connect();
    await this.leaveAsFormer();
    await this.run(running);
  }

  private async leaveAsFormer(): Promise<void> {
    try {
      await this.former.leave();
    } catch (error) {
      const { group } = this.options;
      this.settings.log.debug({ error, group }, 'The former member of a group could not leave');
    }
  }

  private async rejoin(): Promise<void> {
    const wanted = this.options.topics();
    const running = this.running;
    if (!running) return this.ensureRunning();
    const forgets = [...running.topics].some((topic) => !wanted.includes(topic));
    if (!forgets && wanted.length === running.topics.size) return;
    if (forgets) {
      // kafkajs never forgets a topic, and one that was deleted fails its metadata: a new consumer.
      await this.dispose();
      return this.ensureRunning();
    }
    await running.consumer.stop();
    this.interrupted();
    await this.run(running);
  }

  private build(): Running {
    const { fetchWait, heartbeat, session, rebalance } = this.settings.timing;
    const { group } = this.options;
    const kafka = createClient(this.settings, {
      retry: ENDLESS,
      isClosed: () => this.ended.signal.aborted,
    });
    const consumer = kafka.consumer({
      groupId: group,
      partitionAssigners: [this.former.assigner],
      maxWaitTimeInMs: fetchWait,
      heartbeatInterval: heartbeat,
      sessionTimeout: session,
      rebalanceTimeout: rebalance,
      allowAutoTopicCreation: false,
      retry: { ...ENDLESS, restartOnFailure: async () => false },
    });
    const running: Running = { consumer, topics: new Set(), collector: this.collector() };
    // Only the first answered fetch proves it: an offset at the end of a topic is looked up before that.
    consumer.on(consumer.events.FETCH, () => this.arrived());
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.former.joined(payload.memberId);
      this.joined = true;
      this.applyPause();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (this.running !== running || this.ended.signal.aborted) return;
      this.settings.log.warn({ error: payload.error, group }, 'A Kafka consumer stopped');
      this.step(() => this.restart());
    });
    return running;
  }

  private collector(): BatchCollector {
    const { log, timing } = this.settings;
    const { onBatch, onPoison, group } = this.options;
    return new BatchCollector({
      heartbeatMs: timing.heartbeat,
      onHeartbeatError: (error) => log.debug({ error, group }, 'A heartbeat failed'),
      handle: (records) => deliver(records, { onBatch, onPoison, log, signal: this.ended.signal }),
    });
  }

  private async run(running: Running): Promise<void> {
    const topics = this.options.topics();
    await this.options.prepare?.(topics);
    await this.subscribe(running.consumer, topics);
    running.topics = new Set(topics);
    await running.consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: CONCURRENCY,
      eachBatch: running.collector.eachBatch,
    });
  }

  /** A topic is created before all brokers know it, so an unknown one is asked for again for some seconds. */
  private async subscribe(consumer: Consumer, topics: readonly string[]): Promise<void> {
    const { fromBeginning } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await consumer.subscribe({ topics: [...topics], fromBeginning });
      } catch (error) {
        const again = isUnknownTopic(error) && attempt < UNKNOWN_TOPIC_ATTEMPTS;
        if (!again || this.ended.signal.aborted) throw error;
        await pause(UNKNOWN_TOPIC_PAUSE_MS, undefined, { ref: false });
      }
    }
  }

  private applyPause(): void {
    const running = this.running;
    if (!this.paused || !this.joined || !running) return;
    running.consumer.pause([...running.topics].map((topic) => ({ topic })));
  }

  private arrived(): void {
    if (this.consuming || !this.joined) return;
    this.consuming = true;
    for (const resolve of this.waiting) resolve();
  }

  private interrupted(): void {
    this.joined = false;
    this.consuming = false;
  }

  private async dispose(): Promise<void> {
    const running = this.running;
    this.running = undefined;
    if (!running) return;
    this.interrupted();
    try {
      await running.consumer.disconnect();
    } catch (error) {
      this.settings.log.debug({ error }, 'A Kafka consumer did not close well');
    }
  }
}
