import type { IncomingRecord } from '@easyflow/platform-messaging';
import type { EachBatchPayload, IHeaders, KafkaMessage } from 'kafkajs';

export interface CollectorOptions {
  /** Handles the records of all partitions of one fetch; its rejection leaves them uncommitted. */
  handle: (records: readonly IncomingRecord[]) => Promise<void>;
  heartbeatMs: number;
  onHeartbeatError: (error: unknown) => void;
}

interface Waiting {
  payload: EachBatchPayload;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * kafkajs hands over each partition of a fetch by itself and would commit each by itself. With a topic a
 * tenant that is a hundred handler calls and commits a fetch, so they are gathered: one handler call and one
 * commit for what arrived together.
 */
export class BatchCollector {
  private waiting: Waiting[] = [];

  constructor(private readonly options: CollectorOptions) {}

  /** The `eachBatch` of a consumer that runs with `autoCommit: false` and many concurrent partitions. */
  readonly eachBatch = (payload: EachBatchPayload): Promise<void> =>
    new Promise((resolve, reject) => {
      this.waiting.push({ payload, resolve, reject });
      // All partitions of a fetch are handed over in the same turn of the event loop.
      if (this.waiting.length === 1) setImmediate(() => void this.flush());
    });

  private async flush(): Promise<void> {
    const gathered = this.waiting;
    this.waiting = [];
    try {
      await this.handle(gathered.map(({ payload }) => payload));
      for (const { resolve } of gathered) resolve();
    } catch (error) {
      for (const { reject } of gathered) reject(error);
    }
  }

  private async handle(payloads: readonly EachBatchPayload[]): Promise<void> {
    const [first] = payloads;
    if (!first) return;
    const beats = setInterval(() => {
      first.heartbeat().catch(this.options.onHeartbeatError);
    }, this.options.heartbeatMs);
    try {
      await this.options.handle(payloads.flatMap(recordsOf));
    } finally {
      clearInterval(beats);
    }
    // Rejects when the group has gone on without us: the records come again to whoever has them now.
    await first.commitOffsetsIfNecessary({ topics: payloads.map(offsetOf) });
  }
}

function offsetOf({ batch }: EachBatchPayload): {
  topic: string;
  partitions: { partition: number; offset: string }[];
} {
  const next = (BigInt(batch.lastOffset()) + 1n).toString();
  return { topic: batch.topic, partitions: [{ partition: batch.partition, offset: next }] };
}

function recordsOf({ batch }: EachBatchPayload): IncomingRecord[] {
  return batch.messages.map((message) => recordOf(batch.topic, batch.partition, message));
}

function recordOf(topic: string, partition: number, message: KafkaMessage): IncomingRecord {
  return {
    topic,
    partition,
    offset: message.offset,
    timestamp: Number(message.timestamp),
    ...(message.key === null ? {} : { key: message.key.toString('utf8') }),
    headers: headersOf(message.headers),
    value: message.value?.toString('utf8') ?? '',
  };
}

/** Of a header that is there twice the first counts: what is verified is then what is read. */
function headersOf(headers: IHeaders | undefined): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) texts[name] = first.toString('utf8');
  }
  return texts;
}
