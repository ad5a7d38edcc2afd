import { OperationalError } from '@easyflow/kernel-errors';
import { newId } from '@easyflow/kernel-ids';
import {
  DEAD_LETTER_HEADERS,
  tenantDeadLetterTopic,
  tenantEventsTopic,
  type IncomingRecord,
  type OutgoingRecord,
  type Transport,
} from '@easyflow/platform-messaging';
import { waitFor } from '../wait-for';

/** Makes the adapters under test; transports of one `peer` see each other's records. */
export interface TransportRig {
  /** A further process of the same system. In-process there is only one, so it may be the same object. */
  open(): Promise<Transport>;
}

const record = (topic: string, value: string, key?: string): OutgoingRecord => ({
  topic,
  headers: { pattern: 'test', traceparent: '' },
  value,
  ...(key === undefined ? {} : { key }),
});

/** Collects what arrives. */
function inbox(): { values: string[]; records: IncomingRecord[]; onBatch: OnBatch } {
  const values: string[] = [];
  const records: IncomingRecord[] = [];
  const onBatch = async (batch: readonly IncomingRecord[]): Promise<void> => {
    records.push(...batch);
    values.push(...batch.map(({ value }) => value));
  };
  return { values, records, onBatch };
}
type OnBatch = (records: readonly IncomingRecord[]) => Promise<void>;

/** The behaviour of the transport port, the same for every adapter. */
export function runTransportContract(name: string, rig: () => Promise<TransportRig>): void {
  describe(`transport contract: ${name}`, () => {
    let transport: Transport;
    let current: TransportRig;
    const opened: Transport[] = [];

    const open = async (): Promise<Transport> => {
      const next = await current.open();
      if (!opened.includes(next)) opened.push(next);
      await next.connect();
      return next;
    };
    /** Names are new in every test, so nothing is left over from another. */
    const fresh = (prefix: string): string => `${prefix}.${newId()}`;
    const arrives = (values: readonly string[], ...wanted: string[]): Promise<boolean> =>
      waitFor(() => wanted.every((value) => values.includes(value)), {
        describe: () => `${wanted.join(', ')} among ${values.join(', ')}`,
      });

    beforeAll(async () => {
      current = await rig();
      transport = await open();
      await waitFor(() => transport.isUp(), { describe: 'the transport to be up' });
    });

    afterAll(async () => {
      await Promise.all(opened.map((each) => each.close()));
    });

    it('hands records over with key, headers and value, in their order', async () => {
      const topic = fresh('order');
      const seen = inbox();
      const subscription = await transport.subscribe({
        group: fresh('group'),
        topics: [topic],
        onBatch: seen.onBatch,
      });
      const values = Array.from({ length: 50 }, (_, index) => `${index}`);
      await transport.send(values.slice(0, 25).map((value) => record(topic, value, 'k')));
      await transport.send(values.slice(25).map((value) => record(topic, value, 'k')));
      await arrives(seen.values, '49');
      expect(seen.values).toEqual(values);
      expect(seen.records[0]).toMatchObject({
        topic,
        key: 'k',
        headers: { pattern: 'test' },
        offset: '0',
        partition: 0,
      });
      expect(seen.records[0]?.timestamp).toBeGreaterThan(0);
      await subscription.close();
    });

    it('gives every group every record and the members of one group each record once', async () => {
      const topic = fresh('groups');
      const shared = fresh('shared');
      const [first, second, other] = [inbox(), inbox(), inbox()];
      const peer = await open();
      const subscriptions = [
        await transport.subscribe({ group: shared, topics: [topic], onBatch: first.onBatch }),
        await transport.subscribe({ group: fresh('own'), topics: [topic], onBatch: other.onBatch }),
        await peer.subscribe({ group: shared, topics: [topic], onBatch: second.onBatch }),
      ];
      await transport.send(['a', 'b', 'c'].map((value) => record(topic, value)));
      await arrives(other.values, 'a', 'b', 'c');
      await waitFor(() => first.values.length + second.values.length >= 3, {
        describe: 'the shared group to have them',
      });
      expect([...first.values, ...second.values].sort()).toEqual(['a', 'b', 'c']);
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
    });

    it('starts a new group at the end, or at the beginning when asked', async () => {
      const topic = fresh('start');
      await transport.ensureTopics([topic]);
      await transport.send([record(topic, 'early')]);
      const [all, late] = [inbox(), inbox()];
      const subscriptions = [
        await transport.subscribe({
          group: fresh('all'),
          topics: [topic],
          fromBeginning: true,
          onBatch: all.onBatch,
        }),
        await transport.subscribe({ group: fresh('late'), topics: [topic], onBatch: late.onBatch }),
      ];
      await transport.send([record(topic, 'now')]);
      await arrives(all.values, 'early', 'now');
      await arrives(late.values, 'now');
      expect(late.values).toEqual(['now']);
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
    });

    it('goes on where the group has committed, also after records came while nobody listened', async () => {
      const topic = fresh('resume');
      const group = fresh('group');
      const before = inbox();
      const first = await transport.subscribe({ group, topics: [topic], onBatch: before.onBatch });
      await transport.send([record(topic, 'one')]);
      await arrives(before.values, 'one');
      await first.close();
      await transport.send([record(topic, 'two')]);
      const after = inbox();
      const second = await transport.subscribe({ group, topics: [topic], onBatch: after.onBatch });
      await arrives(after.values, 'two');
      expect(after.values).toEqual(['two']);
      await second.close();
    });

    it('calls a handler again only after it has resolved, and batches what came meanwhile', async () => {
      const topic = fresh('batch');
      const batches: number[] = [];
      let active = 0;
      let overlapped = false;
      const gate = Promise.withResolvers<void>();
      const subscription = await transport.subscribe({
        group: fresh('group'),
        topics: [topic],
        onBatch: async (records) => {
          overlapped ||= active > 0;
          active += 1;
          batches.push(records.length);
          await gate.promise;
          active -= 1;
        },
      });
      await transport.send([record(topic, '0')]);
      await waitFor(() => batches.length === 1, { describe: 'the first batch' });
      for (let index = 1; index <= 10; index += 1) {
        await transport.send([record(topic, `${index}`)]);
      }
      gate.resolve();
      await waitFor(() => batches.reduce((sum, size) => sum + size, 0) === 11, {
        describe: 'all eleven records',
      });
      expect(overlapped).toBe(false);
      expect(batches.length).toBeLessThan(11);
      await subscription.close();
    });

    it('tries a retryable failure again until it passes', async () => {
      const topic = fresh('retry');
      let attempts = 0;
      const seen = inbox();
      const subscription = await transport.subscribe({
        group: fresh('group'),
        topics: [topic],
        onBatch: async (records) => {
          attempts += 1;
          if (attempts < 3) throw new OperationalError('database.unavailable', 'not now');
          await seen.onBatch(records);
        },
      });
      await transport.send([record(topic, 'patient')]);
      await arrives(seen.values, 'patient');
      expect(seen.values).toEqual(['patient']);
      await subscription.close();
    });

    it('sets a poison record aside in the dead letter topic and handles its neighbours', async () => {
      const tenant = newId();
      const topic = tenantEventsTopic(tenant);
      const dead = tenantDeadLetterTopic(tenant);
      await transport.ensureTopics([topic, dead]);
      const [seen, letters] = [inbox(), inbox()];
      const subscriptions = [
        await transport.subscribe({
          group: fresh('letters'),
          topics: [dead],
          onBatch: letters.onBatch,
        }),
        await transport.subscribe({
          group: fresh('group'),
          topics: [topic],
          onBatch: async (records) => {
            if (records.some(({ value }) => value === 'poison')) throw new TypeError('secret text');
            await seen.onBatch(records);
          },
        }),
      ];
      await transport.send(['a', 'poison', 'b'].map((value) => record(topic, value)));
      await arrives(seen.values, 'a', 'b');
      await arrives(letters.values, 'poison');
      expect(letters.records[0]?.headers).toMatchObject({
        [DEAD_LETTER_HEADERS.reason]: 'TypeError',
        [DEAD_LETTER_HEADERS.topic]: topic,
        [DEAD_LETTER_HEADERS.offset]: '1',
      });
      await transport.send([record(topic, 'c')]);
      await arrives(seen.values, 'c');
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
    });

    it('delivers nothing while paused and everything after', async () => {
      const [topic, probe] = [fresh('pause'), fresh('probe')];
      const [seen, probed] = [inbox(), inbox()];
      const subscription = await transport.subscribe({
        group: fresh('group'),
        topics: [topic],
        onBatch: seen.onBatch,
      });
      const watcher = await transport.subscribe({
        group: fresh('probe'),
        topics: [topic, probe],
        onBatch: probed.onBatch,
      });
      subscription.pause();
      // A fetch in flight may still bring what came before the pause.
      await transport.send([record(probe, 'settle')]);
      await arrives(probed.values, 'settle');
      await transport.send([record(topic, 'waiting')]);
      await arrives(probed.values, 'waiting');
      await transport.send([record(probe, 'later')]);
      await arrives(probed.values, 'later');
      const whilePaused = [...seen.values];
      subscription.resume();
      await arrives(seen.values, 'waiting');
      expect(whilePaused).toEqual([]);
      await Promise.all([subscription.close(), watcher.close()]);
    });

    it('creates topics idempotently, many at once', async () => {
      const topics = Array.from({ length: 120 }, () => fresh('many'));
      await transport.ensureTopics(topics);
      await transport.ensureTopics([...topics, fresh('one-more')]);
      await transport.send(topics.slice(0, 5).map((topic) => record(topic, 'x')));
    });

    it('sends to a topic that nobody has created', async () => {
      const topic = fresh('unborn');
      await transport.send([record(topic, 'x')]);
      const seen = inbox();
      const subscription = await transport.subscribe({
        group: fresh('group'),
        topics: [topic],
        fromBeginning: true,
        onBatch: seen.onBatch,
      });
      await arrives(seen.values, 'x');
      await subscription.close();
    });

    it('picks the topic of a new tenant up, with what was sent before, while others go on', async () => {
      const [old, young] = [tenantEventsTopic(newId()), tenantEventsTopic(newId())];
      await transport.ensureTopics([old]);
      const seen = inbox();
      const subscription = await transport.subscribeTenants({
        group: fresh('tenants'),
        onBatch: seen.onBatch,
      });
      await transport.send([record(old, 'old-1')]);
      await arrives(seen.values, 'old-1');
      await transport.ensureTopics([young]);
      await transport.send([record(young, 'young-1')]);
      const noticed = subscription.notice(young);
      await transport.send([record(old, 'old-2')]);
      await noticed;
      await arrives(seen.values, 'young-1', 'old-2');
      await transport.send([record(young, 'young-2')]);
      await arrives(seen.values, 'young-2');
      await subscription.close();
    });

    it('tells its state, and refuses to send after it was closed', async () => {
      const other = await current.open();
      if (opened.includes(other)) return;
      const states: boolean[] = [];
      other.onStateChange((up) => states.push(up));
      await other.connect();
      await waitFor(() => other.isUp(), { describe: 'the other to be up' });
      await other.close();
      expect(states).toEqual([true, false]);
      expect(other.isUp()).toBe(false);
      await expect(other.send([record(fresh('late'), 'x')])).rejects.toMatchObject({
        code: 'transport.unavailable',
      });
    });
  });
}
