import type { TransportLog } from '@easyflow/platform-messaging';
import { Partitioners, type Admin, type Producer } from 'kafkajs';
import { createClient } from './kafka-client';
import { unavailable } from './kafka-errors';
import type { KafkaSettings } from './kafka-settings';
import { OpenSockets } from './open-sockets';

/** A live producer and admin client. `lost` aborts when their connection is gone. */
export interface OpenLink {
  producer: Producer;
  admin: Admin;
  lost: AbortSignal;
}

/** An answer every so often proves that the broker behind the connection is alive. */
const PROBE_MS = 5_000;

/** So few that an error surfaces in about a second, so many that a topic just created is found. */
const RETRY = { initialRetryTime: 30, maxRetryTime: 300, retries: 5 };

/**
 * Holds the process's one producing connection, says whether it is up, and replaces it when it is lost. A lost
 * link is thrown away whole: what kafkajs keeps of it (stale brokers, deleted target topics) goes with it.
 */
export class KafkaLink {
  private open: OpenLink | undefined;
  private dropOpen: ((reason: string) => void) | undefined;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;
  private attempts: Promise<void> = Promise.resolve();
  private readonly listeners = new Set<(up: boolean) => void>();
  private readonly log: TransportLog;

  constructor(private readonly settings: KafkaSettings) {
    this.log = settings.log;
  }

  /** Makes the first attempt; further ones follow by themselves. */
  async connect(): Promise<void> {
    if (this.open || this.closed) return;
    await this.attempt();
  }

  isUp(): boolean {
    return this.open !== undefined;
  }

  onStateChange(listener: (up: boolean) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** @throws OperationalError `transport.unavailable` when there is none */
  use(): OpenLink {
    if (!this.open) throw unavailable('Kafka cannot be reached');
    return this.open;
  }

  /** Throws this link away and connects anew: it answers wrongly although its connection stands. */
  drop(link: OpenLink, reason: string): void {
    if (link === this.open) this.dropOpen?.(reason);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.attempts;
    this.dropOpen?.('closed');
    await this.attempts;
  }

  private attempt(): Promise<void> {
    this.attempts = this.tryToOpen().catch((error: unknown) => {
      this.log.debug({ error }, 'Kafka cannot be reached yet');
      this.retryLater();
    });
    return this.attempts;
  }

  private retryLater(): void {
    if (this.closed) return;
    this.timer = setTimeout(() => void this.attempt(), this.settings.timing.reconnect);
    this.timer.unref();
  }

  private async tryToOpen(): Promise<void> {
    const lost = new AbortController();
    const sockets = new OpenSockets(() => drop('the connection closed'));
    const kafka = createClient(this.settings, {
      retry: RETRY,
      isClosed: () => this.closed || lost.signal.aborted,
      socketFactory: sockets.factory,
      requestTimeout: this.settings.timing.send,
    });
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: RETRY,
    });
    const admin = kafka.admin({ retry: RETRY });
    const link: OpenLink = { producer, admin, lost: lost.signal };
    const drop = (reason: string): void => {
      if (lost.signal.aborted) return;
      lost.abort();
      if (this.open === link) this.lose(link, reason);
    };
    try {
      await Promise.all([producer.connect(), admin.connect()]);
      await admin.describeCluster();
    } catch (error) {
      lost.abort();
      await this.dispose(link);
      throw error;
    }
    if (lost.signal.aborted) throw unavailable('Kafka closed the connection at once');
    const probe = setInterval(() => void this.probe(link, drop), PROBE_MS);
    probe.unref();
    lost.signal.addEventListener('abort', () => clearInterval(probe));
    this.dropOpen = drop;
    this.setOpen(link);
  }

  private async probe(link: OpenLink, drop: (reason: string) => void): Promise<void> {
    try {
      await link.admin.describeCluster();
    } catch (error) {
      this.log.debug({ error }, 'Kafka did not answer a probe');
      drop('the broker does not answer');
    }
  }

  private lose(link: OpenLink, reason: string): void {
    this.dropOpen = undefined;
    this.setOpen(undefined, reason);
    this.attempts = this.dispose(link);
    // At once: an idle connection that the broker closed is replaced within milliseconds.
    if (!this.closed) setImmediate(() => void this.attempt());
  }

  private async dispose({ producer, admin }: OpenLink): Promise<void> {
    const results = await Promise.allSettled([producer.disconnect(), admin.disconnect()]);
    for (const result of results) {
      if (result.status === 'rejected') {
        this.log.debug(
          { error: result.reason as unknown },
          'A lost Kafka client did not close well',
        );
      }
    }
  }

  private setOpen(link: OpenLink | undefined, reason?: string): void {
    this.open = link;
    if (link) this.log.info({ brokers: this.settings.brokers }, 'Kafka is up');
    else if (!this.closed)
      this.log.warn({ brokers: this.settings.brokers, reason }, 'Kafka is down');
    for (const listener of this.listeners) listener(link !== undefined);
  }
}
