import { newId } from '@easyflow/kernel-ids';
import { tenantEventsTopic, type TenantSubscription } from '@easyflow/platform-messaging';
import { testServers, waitFor } from '@easyflow/testing';
import { KafkaTransport } from './kafka-transport';
import { collect, recordOn } from './testing/collect';
import { silentLog } from './testing/silent-log';

jest.setTimeout(60_000);

/** Two processes of one group, with one bucket so that all tenants share it, and no poll to help. */
describe('members of one group', () => {
  const transports: KafkaTransport[] = [];
  const open = async (clientId: string): Promise<KafkaTransport> => {
    const transport = new KafkaTransport({
      brokers: testServers().kafkaBrokers,
      clientId,
      log: silentLog,
      buckets: 1,
      timing: { topicPoll: 3_600_000 },
    });
    transports.push(transport);
    await transport.connect();
    return transport;
  };
  const newTenants = async (transport: KafkaTransport, count: number): Promise<string[]> => {
    const topics = Array.from({ length: count }, () => tenantEventsTopic(newId()));
    await transport.ensureTopics(topics);
    return topics;
  };
  /** What all members have together. */
  const all = (seen: readonly { values: string[] }[]): string[] =>
    seen.flatMap(({ values }) => values);

  let release: () => void = () => undefined;

  afterEach(async () => {
    // A handler that a failed test left waiting would keep its transport from closing.
    release();
    await Promise.all(transports.splice(0).map((transport) => transport.close()));
  });

  it('share the topics; one that has not heard of a new one neither loses nor gets it', async () => {
    const [first, second] = [await open('first'), await open('second')];
    const group = `lag.${newId()}`;
    const old = await newTenants(first, 4);
    const young = tenantEventsTopic(newId());
    const [one, two] = [collect([...old, young]), collect([...old, young])];
    const quick = await first.subscribeTenants({ group, onBatch: one.onBatch });
    await second.subscribeTenants({ group, onBatch: two.onBatch });
    await first.ensureTopics([young]);
    await first.send([recordOn(young, 'before')]);
    await quick.notice(young);

    await first.send([...old.map((topic) => recordOn(topic, topic)), recordOn(young, 'after')]);
    const wanted = [...old, 'before', 'after'];
    await waitFor(() => wanted.every((value) => all([one, two]).includes(value)), {
      describe: () => `all of ${wanted.join()} among ${all([one, two]).join()}`,
    });
    expect(one.values).toEqual(expect.arrayContaining(['before', 'after']));
    expect(two.values).not.toEqual(expect.arrayContaining(['after']));
    expect(two.values.length).toBeGreaterThan(0);
  });

  it('do not wait for one whose handler lags', async () => {
    const [first, second] = [await open('first'), await open('second')];
    const group = `slow.${newId()}`;
    const topics = await newTenants(first, 6);
    const gate = Promise.withResolvers<void>();
    release = gate.resolve;
    const [quick, slow] = [collect(topics), collect(topics)];
    let [shut, held] = [false, 0];
    await first.subscribeTenants({ group, onBatch: quick.onBatch });
    await second.subscribeTenants({
      group,
      onBatch: async (records) => {
        if (shut) {
          held += records.filter(({ topic }) => topics.includes(topic)).length;
          await gate.promise;
        }
        await slow.onBatch(records);
      },
    });
    // With the gate open it shows whose topic is whose: one fetch need not bring a member all it was sent, and
    // what comes after the batch in hand waits for it.
    await first.send(topics.map((topic) => recordOn(topic, `${topic}/1`)));
    await waitFor(() => new Set(all([quick, slow])).size === topics.length, {
      describe: () => `every record, of which there are ${all([quick, slow]).join()}`,
    });
    const mine = topics.filter((topic) => quick.values.includes(`${topic}/1`));
    expect(mine.length).toBeGreaterThan(0);
    expect(mine.length).toBeLessThan(topics.length);
    shut = true;
    await first.send(topics.map((topic) => recordOn(topic, `${topic}/2`)));
    await waitFor(() => held > 0, { describe: 'the slow member to have a batch in hand' });
    await first.send(mine.map((topic) => recordOn(topic, `${topic}/3`)));
    await waitFor(() => mine.every((topic) => quick.values.includes(`${topic}/3`)), {
      describe: 'the quick member to go on',
    });
    expect(slow.values.some((value) => value.endsWith('/2'))).toBe(false);
    gate.resolve();
    await waitFor(() => topics.every((topic) => all([quick, slow]).includes(`${topic}/2`)), {
      describe: 'the slow member to finish',
    });
  });

  it('take over what a member that left had, and hand on what is new', async () => {
    const [first, second] = [await open('first'), await open('second')];
    const group = `leave.${newId()}`;
    const topics = await newTenants(first, 4);
    const [one, two] = [collect(topics), collect(topics)];
    const leaving = await first.subscribeTenants({ group, onBatch: one.onBatch });
    await second.subscribeTenants({ group, onBatch: two.onBatch });
    await first.send(topics.map((topic) => recordOn(topic, `${topic}/1`)));
    await waitFor(() => new Set(all([one, two])).size === topics.length, {
      describe: 'the first round',
    });
    await leaving.close();
    await first.send(topics.map((topic) => recordOn(topic, `${topic}/2`)));
    await waitFor(() => topics.every((topic) => two.values.includes(`${topic}/2`)), {
      describe: 'the other member to have all',
    });
    expect(all([one, two]).filter((value) => value.endsWith('/1'))).toHaveLength(topics.length);
  });

  it('take topics in one after another while the others of the bucket go on', async () => {
    const [first, second] = [await open('first'), await open('second')];
    const group = `stall.${newId()}`;
    const [steady] = await newTenants(first, 1);
    if (!steady) throw new Error('no topic');
    let arrivals: number[] = [];
    const stalls: number[] = [];
    const young = Array.from({ length: 7 }, () => tenantEventsTopic(newId()));
    const served = new Set<string>();
    const onBatch = async (records: readonly { topic: string; value: string }[]): Promise<void> => {
      for (const { topic, value } of records) {
        if (topic === steady) arrivals.push(performance.now() - Number(value));
        else if (young.includes(topic)) served.add(topic);
      }
    };
    const members: TenantSubscription[] = [
      await first.subscribeTenants({ group, onBatch }),
      await second.subscribeTenants({ group, onBatch }),
    ];
    let running = true;
    let sent = 0;
    let seen = 0;
    const stream = (async () => {
      for (; running; sent += 1) {
        await first.send([recordOn(steady, String(performance.now()))]);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    for (const topic of young) {
      await first.ensureTopics([topic]);
      await Promise.all(members.map((member) => member.notice(topic)));
      await first.send([recordOn(topic, 'hello')]);
      await waitFor(() => served.has(topic) && arrivals.length > 0, {
        describe: 'the new tenant to be served, and the steady one again',
      });
      seen += arrivals.length;
      stalls.push(Math.max(...arrivals));
      arrivals = [];
    }
    running = false;
    await stream;
    await waitFor(() => seen + arrivals.length >= sent, {
      describe: 'the steady tenant to have all',
    });
    // Half a second is the promise on a quiet machine. A busy one may break it now and then, and by far only when
    // something is wrong.
    stalls.sort((a, b) => a - b);
    expect(stalls[3]).toBeLessThan(1_000);
    expect(Math.max(...stalls, ...arrivals)).toBeLessThan(5_000);
  });
});
