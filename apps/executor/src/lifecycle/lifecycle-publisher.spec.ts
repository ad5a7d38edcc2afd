import { generateKeyPairSync } from 'node:crypto';
import { UnexpectedError } from '@easyflow/kernel-errors';
import type { OutgoingRecord, Transport } from '@easyflow/platform-messaging';
import type { Logger } from '@easyflow/platform-telemetry';
import { EnvelopeSigner } from '@easyflow/tenant-context';
import type { OutboxRow } from '../checkpoint/flush';
import { LifecyclePublisher } from './lifecycle-publisher';

const A = '01a203e2-6aeb-7064-ba6c-6b9efd5982b6';
const B = '01a203e2-6aeb-7064-ba6c-6b9efd5982b7';

/** A broker that takes 1 MB of a topic in one request, as Kafka does, and else refuses the request. */
class SmallBroker {
  readonly taken: OutgoingRecord[] = [];

  isUp(): boolean {
    return true;
  }

  send(records: readonly OutgoingRecord[]): Promise<void> {
    const sizes = new Map<string, number>();
    for (const { topic, value } of records) {
      sizes.set(topic, (sizes.get(topic) ?? 0) + Buffer.byteLength(value));
    }
    if ([...sizes.values()].some((size) => size > 1_000_000)) {
      return Promise.reject(new UnexpectedError('transport.refused', 'MESSAGE_TOO_LARGE'));
    }
    this.taken.push(...records);
    return Promise.resolve();
  }
}

async function publish(
  entries: readonly { tenantId: string; events: readonly object[] | string }[],
): Promise<{ published: string[]; eventsOf: (tenantId: string) => object[] }> {
  const broker = new SmallBroker();
  const published: string[] = [];
  const publisher = new LifecyclePublisher({
    transport: broker as unknown as Transport,
    signer: new EnvelopeSigner({
      keyId: 'executor-1',
      service: 'executor',
      privateKey: generateKeyPairSync('ed25519').privateKey,
    }),
    epochOf: () => 0,
    published: (rows: readonly OutboxRow[]) => published.push(...rows.map(({ id }) => id)),
    logger: { warn: () => undefined, error: () => undefined } as unknown as Logger,
  });
  entries.forEach(({ tenantId, events }, index) =>
    publisher.add({
      tenantId,
      id: `${index}`,
      events: [typeof events === 'string' ? events : JSON.stringify(events)],
    }),
  );
  await publisher.close();
  const eventsOf = (tenantId: string): object[] =>
    broker.taken
      .filter(({ topic }) => topic.includes(tenantId))
      .flatMap(({ value }) => JSON.parse(value) as object[]);
  return { published, eventsOf };
}

const event = (id: number, extra: object): object => ({
  specversion: '1.0',
  id: `${id}`,
  source: '/n/f/1.0.0',
  type: 't',
  time: '2026-01-01T00:00:00.000Z',
  ...extra,
});

describe('LifecyclePublisher', () => {
  it('publishes a great many events of one checkpoint, in order, and those of other tenants beside them', async () => {
    const many = Array.from({ length: 1_000 }, (_, id) => event(id, { data: '語'.repeat(2_000) }));
    const few = [event(0, { data: 1 })];
    const { published, eventsOf } = await publish([
      { tenantId: A, events: many },
      { tenantId: A, events: few },
      { tenantId: B, events: few },
    ]);
    expect(published).toEqual(['0', '1', '2']);
    expect(eventsOf(A)).toEqual([...many, ...few]);
    expect(eventsOf(B)).toEqual(few);
  });

  it('publishes the events of others when those of a tenant are none', async () => {
    const few = [event(0, { data: 1 })];
    const { published, eventsOf } = await publish([
      // So many that they are put together anew, which needs their JSON.
      { tenantId: A, events: 'no JSON'.repeat(100_000) },
      { tenantId: B, events: few },
      { tenantId: 'no tenant', events: few },
    ]);
    expect(eventsOf(B)).toEqual(few);
    expect(published).toEqual(['0', '1', '2']);
  });

  it('leaves the data out of an event that no broker takes, and all that may be missing of a larger one', async () => {
    const large = 'x'.repeat(1_500_000);
    const { published, eventsOf } = await publish([
      {
        tenantId: A,
        events: [event(1, { data: large, subject: 's' }), event(2, { subject: large })],
      },
    ]);
    expect(published).toEqual(['0']);
    expect(eventsOf(A)).toEqual([event(1, { subject: 's' }), event(2, {})]);
  });
});
