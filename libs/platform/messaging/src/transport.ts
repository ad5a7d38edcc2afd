/** A record to send. Header values and the value are text; the value is at most about 1 MB. */
export interface OutgoingRecord {
  topic: string;
  /** Records of one topic with the same key keep their order. */
  key?: string;
  headers: Record<string, string>;
  value: string;
}

export interface IncomingRecord extends OutgoingRecord {
  partition: number;
  /** Position in the partition, a decimal number. */
  offset: string;
  /** Milliseconds since the epoch, by the broker or the sender. */
  timestamp: number;
}

/**
 * Handles records in the order of their partitions. Called again only after it has resolved. Records may come
 * twice. What it throws decides: a retryable EasyFlowError is tried again for some seconds, anything else, or
 * trying in vain, sends each record that fails alone to the dead letter topic. It never blocks a partition.
 */
export type BatchHandler = (records: readonly IncomingRecord[]) => Promise<void>;

export interface SubscribeOptions {
  /** Members of one group share the partitions; each group gets every record. */
  group: string;
  topics: readonly string[];
  /** Where a group that has never committed starts; default: only what is sent from now on. */
  fromBeginning?: boolean;
  onBatch: BatchHandler;
}

export interface TenantSubscribeOptions {
  group: string;
  onBatch: BatchHandler;
}

export interface Subscription {
  /** Stops delivery after the batch in hand; positions are kept. */
  pause(): void;
  resume(): void;
  /** Ends after the batch in hand; commits what was handled and leaves the group. */
  close(): Promise<void>;
}

export interface TenantSubscription extends Subscription {
  /** Tells of a tenant's event topic that was just created. Resolves when it is being consumed. */
  notice(topic: string): Promise<void>;
}

/** The transport port: one contract suite runs on every adapter (`runTransportContract`). */
export interface Transport {
  readonly kind: 'kafka' | 'in-process';
  /** Returns at once when the broker is down and keeps trying in the background. */
  connect(): Promise<void>;
  /** The last known state; false at most 1 s after the connection closed. */
  isUp(): boolean;
  /** Calls the listener at every change; returns the function that ends it. */
  onStateChange(listener: (up: boolean) => void): () => void;
  /**
   * One produce request, acknowledged by all replicas when it resolves.
   * @throws OperationalError `transport.unavailable` when the transport is down or goes down; fast
   * @throws UnexpectedError `transport.refused` when the broker will never accept a record as it is
   */
  send(records: readonly OutgoingRecord[]): Promise<void>;
  /**
   * Creates the topics that do not exist.
   * @throws OperationalError `transport.unavailable`
   */
  ensureTopics(topics: readonly string[]): Promise<void>;
  /** Resolves when records arrive; with the broker down at once, and the subscription begins later. */
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  /** Subscribes to the event topics of all tenants, those created later too. */
  subscribeTenants(options: TenantSubscribeOptions): Promise<TenantSubscription>;
  close(): Promise<void>;
}

/** What the adapters log to; a pino logger is one. */
export interface TransportLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
