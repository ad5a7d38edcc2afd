import { quietenIdleQueues } from '@easyflow/platform-kafkajs';
import { Kafka, logLevel, type ISocketFactory, type LogEntry, type RetryOptions } from 'kafkajs';
import type { KafkaSettings } from './kafka-settings';

export interface ClientOptions {
  retry: RetryOptions;
  /** Once true, no further connection is made: kafkajs' endless retries end with it. */
  isClosed: () => boolean;
  socketFactory?: ISocketFactory;
  requestTimeout?: number;
}

/**
 * A kafkajs client. Each producer and each consumer gets one of its own: consumers of one client that are in
 * the same group share kafkajs' table of committed offsets and overwrite each other's.
 */
export function createClient(settings: KafkaSettings, options: ClientOptions): Kafka {
  quietenIdleQueues();
  return new Kafka({
    // An empty list is the one error that ends kafkajs' retries.
    brokers: async () => (options.isClosed() ? [] : [...settings.brokers]),
    clientId: settings.clientId,
    connectionTimeout: 1_000,
    requestTimeout: options.requestTimeout ?? 30_000,
    retry: options.retry,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => logEntry(settings, entry),
    ...(options.socketFactory ? { socketFactory: options.socketFactory } : {}),
    ...(settings.ssl === undefined ? {} : { ssl: settings.ssl }),
    ...(settings.sasl === undefined ? {} : { sasl: settings.sasl }),
  });
}

/** kafkajs calls a broker's restart an error a hundred times; what matters is logged by the adapter itself. */
function logEntry(settings: KafkaSettings, entry: LogEntry): void {
  const { message, error } = entry.log;
  const detail: unknown = error;
  settings.log.debug(
    { namespace: entry.namespace, ...(typeof detail === 'string' ? { detail } : {}) },
    message,
  );
}
