import type { OutgoingRecord } from '@easyflow/platform-messaging';
import type { Message, TopicMessages } from 'kafkajs';
import { setTimeout as pause } from 'node:timers/promises';
import {
  isLeaderless,
  isUnknownTopic,
  protocolErrorOf,
  transportError,
  unavailable,
} from './kafka-errors';
import type { KafkaLink, OpenLink } from './kafka-link';
import type { KafkaSettings } from './kafka-settings';

/** Topics created by one request to the broker. */
const TOPICS_A_REQUEST = 100;

/** Between two attempts with a topic that the broker does not know or lead yet. */
const SETTLE_PAUSE_MS = 100;

/** How long a topic that was created is looked for; who uses it waits on. */
const APPEAR_ATTEMPTS = 40;
const APPEAR_PAUSE_MS = 25;

/** Sends records and creates topics over a link; never longer than the connection or the time limit lasts. */
export class RecordSender {
  constructor(
    private readonly settings: KafkaSettings,
    private readonly link: KafkaLink,
  ) {}

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return;
    const link = this.link.use();
    const topicMessages = topicMessagesOf(records);
    const deadline = performance.now() + this.settings.timing.send;
    for (;;) {
      try {
        await this.guarded(link, link.producer.sendBatch({ acks: -1, topicMessages }));
        return;
      } catch (error) {
        if (!isUnknownTopic(error) && !isLeaderless(error)) throw transportError(error);
        await this.settle(link, topicMessages, deadline, error);
      }
    }
  }

  async ensureTopics(topics: readonly string[]): Promise<void> {
    const link = this.link.use();
    try {
      const existing = new Set(await this.guarded(link, link.admin.listTopics()));
      const missing = [...new Set(topics)].filter((topic) => !existing.has(topic));
      for (let at = 0; at < missing.length; at += TOPICS_A_REQUEST) {
        await this.create(link, missing.slice(at, at + TOPICS_A_REQUEST));
      }
      if (missing.length > 0) await this.appear(link, missing);
    } catch (error) {
      throw transportError(error);
    }
  }

  /**
   * A topic is unknown because it is seconds old, because its creation failed while Kafka was down, or because
   * it was deleted and the producer cannot forget it: waited for, created, and after the time limit the
   * producer is replaced.
   */
  private async settle(
    link: OpenLink,
    topicMessages: readonly TopicMessages[],
    deadline: number,
    error: unknown,
  ): Promise<void> {
    if (performance.now() > deadline) {
      this.link.drop(link, 'topics stay unknown or without a leader');
      throw unavailable('Kafka has no leader for a topic that exists', error);
    }
    if (isUnknownTopic(error)) await this.ensureTopics(topicMessages.map(({ topic }) => topic));
    await pause(SETTLE_PAUSE_MS, undefined, { ref: false });
  }

  private async create(link: OpenLink, topics: readonly string[]): Promise<void> {
    try {
      await this.guarded(
        link,
        link.admin.createTopics({
          // kafkajs waits 140 ms at least, and fails where the broker does not know the topic yet.
          waitForLeaders: false,
          topics: topics.map((topic) => ({
            topic,
            numPartitions: this.settings.partitionsOf(topic),
            replicationFactor: -1,
          })),
        }),
      );
    } catch (error) {
      // Two processes may create the same topic side by side.
      if (protocolErrorOf(error) !== 'TOPIC_ALREADY_EXISTS') throw error;
    }
  }

  /**
   * Waits until the broker knows the topics. A produce request of which one topic fails is repeated as a whole,
   * so sending too early would send the others twice.
   */
  private async appear(link: OpenLink, topics: readonly string[]): Promise<void> {
    for (let attempt = 1; attempt <= APPEAR_ATTEMPTS; attempt += 1) {
      const known = new Set(await this.guarded(link, link.admin.listTopics()));
      if (topics.every((topic) => known.has(topic))) return;
      await pause(APPEAR_PAUSE_MS, undefined, { ref: false });
    }
  }

  /** kafkajs goes on trying for a while after a connection is lost; its caller must not wait for that. */
  private async guarded<T>(link: OpenLink, work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const onLost = (): void => reject(unavailable('The connection to Kafka was lost'));
    const timer = setTimeout(
      () => reject(unavailable('Kafka did not answer in time')),
      this.settings.timing.send,
    );
    link.lost.addEventListener('abort', onLost, { once: true });
    if (link.lost.aborted) onLost();
    try {
      return await Promise.race([work, promise]);
    } finally {
      clearTimeout(timer);
      link.lost.removeEventListener('abort', onLost);
    }
  }
}

function topicMessagesOf(records: readonly OutgoingRecord[]): TopicMessages[] {
  const byTopic = new Map<string, Message[]>();
  for (const { topic, key, headers, value } of records) {
    const messages = byTopic.get(topic) ?? [];
    messages.push({ key: key ?? null, headers, value });
    byTopic.set(topic, messages);
  }
  return [...byTopic].map(([topic, messages]) => ({ topic, messages }));
}
