import { Kafka, logLevel, Partitioners, type Consumer, type Producer } from 'kafkajs';
import { newId } from '@easyflow/kernel-ids';
import { waitFor } from '@easyflow/testing';

/** A record as anyone who reaches Kafka can write it. */
export interface WireRecord {
  topic: string;
  headers: Record<string, string>;
  value: string | null;
  key?: string;
  partition?: number;
}

/** A record as it lies on a topic. */
export interface FoundRecord extends WireRecord {
  partition: number;
  offset: string;
}

/** A producer and a consumer beside those of the services, on the Kafka of a running shape. */
export class Wire {
  private readonly consumers: Consumer[] = [];
  /** Places of the records that were put here. */
  private readonly own = new Set<string>();

  private constructor(
    private readonly kafka: Kafka,
    private readonly producer: Producer,
  ) {}

  static async open(brokers: readonly string[]): Promise<Wire> {
    const kafka = new Kafka({
      clientId: 'outsider',
      brokers: [...brokers],
      logLevel: logLevel.NOTHING,
    });
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return new Wire(kafka, producer);
  }

  /** Appends a record; resolves with its place, `topic/partition/offset`. */
  async put({ topic, ...message }: WireRecord): Promise<string> {
    const [at] = await this.producer.send({ topic, acks: -1, messages: [message] });
    const place = `${topic}/${at?.partition}/${at?.baseOffset}`;
    this.own.add(place);
    return place;
  }

  /** What others put on a topic, from its beginning on; `find` waits for the newest record that fits. */
  async tap(
    topic: string,
  ): Promise<{ find: (fits: (record: FoundRecord) => boolean) => Promise<FoundRecord> }> {
    const consumer = this.kafka.consumer({
      groupId: `outsider.${newId()}`,
      maxWaitTimeInMs: 100,
    });
    this.consumers.push(consumer);
    const found: FoundRecord[] = [];
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message: { key, value, headers = {}, offset } }) => {
        const texts = Object.entries(headers).map(([name, text]) => [name, String(text)]);
        found.push({
          topic,
          partition,
          offset,
          headers: Object.fromEntries(texts) as Record<string, string>,
          value: value?.toString('utf8') ?? null,
          ...(key === null ? {} : { key: key.toString('utf8') }),
        });
      },
    });
    return {
      find: (fits) =>
        waitFor(() => found.findLast((record) => this.isForeign(record) && fits(record)), {
          describe: `a record on ${topic}`,
        }),
    };
  }

  private isForeign({ topic, partition, offset }: FoundRecord): boolean {
    return !this.own.has(`${topic}/${partition}/${offset}`);
  }

  async close(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.disconnect()));
    await this.producer.disconnect();
  }
}
