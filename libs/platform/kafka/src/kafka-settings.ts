import type { TransportLog } from '@easyflow/platform-messaging';
import type { KafkaConfig } from 'kafkajs';

export interface KafkaTransportOptions {
  /** `host:port` of some brokers of the cluster. */
  brokers: readonly string[];
  /** Shown in the broker's logs and quotas; the service's name. */
  clientId: string;
  log: TransportLog;
  ssl?: KafkaConfig['ssl'];
  sasl?: KafkaConfig['sasl'];
  /**
   * Bucket consumers over which tenants' topics are spread; default 4. The same in every process of a group:
   * each bucket is a consumer group of its own, so that a new topic rejoins only its bucket. Every one costs its
   * fetches and heartbeats, also when idle: with 16 they were a quarter of an executor's CPU and most of Kafka's,
   * with 8 and two executors still a quarter of a core of Kafka's.
   */
  buckets?: number;
  /** Partitions of a topic that has to be created; default 1 for a tenant's and for replies, 6 for requests. */
  partitionsOf?: (topic: string) => number;
  timing?: Partial<KafkaTiming>;
}

/** Milliseconds. The defaults are kafkajs' cut down to what latency allows (docs: kafka.js.org/docs/consuming). */
export interface KafkaTiming {
  /** Longest wait of a fetch without data; also how long a rejoin lasts. */
  fetchWait: number;
  /** Members learn of a rebalance at their heartbeat. */
  heartbeat: number;
  /** Silence after which the group goes on without a member. */
  session: number;
  /** Longest time a member may take to rejoin; also the longest a handler may run during a rebalance. */
  rebalance: number;
  /** Between two looks for topics of tenants that no notice announced. */
  topicPoll: number;
  /** Longest time of a send before it counts as failed. */
  send: number;
  /** Between two attempts to connect. */
  reconnect: number;
}

export const DEFAULT_TIMING: KafkaTiming = {
  fetchWait: 150,
  heartbeat: 100,
  session: 10_000,
  rebalance: 10_000,
  topicPoll: 10_000,
  send: 5_000,
  reconnect: 250,
};

/** The options with every default filled in. */
export interface KafkaSettings extends Required<
  Omit<KafkaTransportOptions, 'ssl' | 'sasl' | 'timing'>
> {
  ssl: KafkaConfig['ssl'];
  sasl: KafkaConfig['sasl'];
  timing: KafkaTiming;
}

export function settingsOf(options: KafkaTransportOptions): KafkaSettings {
  return {
    ...options,
    ssl: options.ssl,
    sasl: options.sasl,
    buckets: options.buckets ?? 4,
    partitionsOf: options.partitionsOf ?? defaultPartitions,
    timing: { ...DEFAULT_TIMING, ...options.timing },
  };
}

/** Requests are shared by all replicas of a service, so they need partitions to share. */
function defaultPartitions(topic: string): number {
  return topic.endsWith('.requests') ? 6 : 1;
}
