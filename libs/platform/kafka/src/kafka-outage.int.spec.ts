import { newId } from '@easyflow/kernel-ids';
import { freePort, startKafka, type LocalKafka } from '@easyflow/platform-local-servers';
import { tenantEventsTopic } from '@easyflow/platform-messaging';
import { waitFor } from '@easyflow/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KafkaTransport } from './kafka-transport';
import { collect, recordOn } from './testing/collect';
import { silentLog } from './testing/silent-log';

jest.setTimeout(240_000);

/** A broker of its own, because this suite kills it. */
describe('an outage of Kafka', () => {
  let dataDir: string;
  let port: number;
  let kafka: LocalKafka | undefined;
  const transports: KafkaTransport[] = [];

  const start = async (): Promise<void> => {
    kafka = await startKafka({ dataDir, port });
  };
  const kill = async (): Promise<void> => {
    await kafka?.kill('SIGKILL');
    await kafka?.exited;
    kafka = undefined;
  };
  const open = async (): Promise<KafkaTransport> => {
    const transport = new KafkaTransport({
      brokers: [`127.0.0.1:${port}`],
      clientId: 'outage',
      log: silentLog,
      buckets: 2,
    });
    transports.push(transport);
    await transport.connect();
    return transport;
  };
  const isUp = (transport: KafkaTransport, up: boolean): Promise<boolean> =>
    waitFor(() => transport.isUp() === up, {
      describe: `Kafka to be ${up ? 'up' : 'down'}`,
      timeout: 60_000,
      every: 5,
    });

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'easyflow-outage-'));
    port = await freePort();
  });

  afterEach(async () => {
    await Promise.all(transports.splice(0).map((transport) => transport.close()));
  });

  afterAll(async () => {
    await kafka?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('with no broker at the start the process comes up and is connected later', async () => {
    const transport = await open();
    expect(transport.isUp()).toBe(false);
    const [control, tenants] = [collect(), collect()];
    const topic = `control.${newId()}`;
    const tenant = tenantEventsTopic(newId());
    await transport.subscribe({
      group: 'g',
      topics: [topic],
      fromBeginning: true,
      onBatch: control.onBatch,
    });
    await transport.subscribeTenants({ group: 't', onBatch: tenants.onBatch });
    await expect(transport.send([recordOn(topic, 'x')])).rejects.toMatchObject({
      code: 'transport.unavailable',
    });
    await start();
    await isUp(transport, true);
    await transport.send([recordOn(topic, 'control'), recordOn(tenant, 'tenant')]);
    await waitFor(() => control.values.includes('control') && tenants.values.includes('tenant'), {
      describe: 'both subscriptions to begin by themselves',
      timeout: 60_000,
    });
  });

  it('is told within a second, fails what is sent at once, and heals by itself', async () => {
    if (!kafka) await start();
    const transport = await open();
    await isUp(transport, true);
    const topics = Array.from({ length: 4 }, () => tenantEventsTopic(newId()));
    const control = `control.${newId()}`;
    const [tenants, controls] = [collect(topics), collect()];
    await transport.ensureTopics(topics);
    await transport.subscribeTenants({ group: `t.${newId()}`, onBatch: tenants.onBatch });
    await transport.subscribe({
      group: `c.${newId()}`,
      topics: [control],
      onBatch: controls.onBatch,
    });
    const round = (name: string): string[] =>
      [...topics, control].map((topic) => `${name} ${topic}`);
    const send = (name: string): Promise<void> =>
      transport.send([...topics, control].map((topic) => recordOn(topic, `${name} ${topic}`)));
    const arrived = (name: string): Promise<boolean> =>
      waitFor(
        () => round(name).every((value) => [...tenants.values, ...controls.values].includes(value)),
        { describe: `the records of the ${name} round`, timeout: 60_000 },
      );
    await send('first');
    await arrived('first');

    const states: boolean[] = [];
    transport.onStateChange((up) => states.push(up));
    // Sent while the broker dies: each either succeeds or fails, none hangs.
    const during = Array.from({ length: 20 }, (_, index) =>
      transport.send([recordOn(control, `during ${index}`)]).then(
        () => 'sent',
        (error: { code?: string }) => error.code,
      ),
    );
    await kill();
    const closedAt = performance.now();
    await isUp(transport, false);
    expect(performance.now() - closedAt).toBeLessThan(1_000);
    for (const outcome of await Promise.all(during)) {
      expect(['sent', 'transport.unavailable']).toContain(outcome);
    }
    await expect(send('refused')).rejects.toMatchObject({ code: 'transport.unavailable' });
    await expect(transport.ensureTopics(['refused'])).rejects.toMatchObject({
      code: 'transport.unavailable',
    });

    await start();
    await isUp(transport, true);
    await waitFor(
      () =>
        send('second').then(
          () => true,
          () => false,
        ),
      { describe: 'the broker to lead its partitions again', timeout: 60_000 },
    );
    await arrived('second');
    expect(states[0]).toBe(false);
    expect(states.at(-1)).toBe(true);
  });

  it('closes without waiting for a broker that is away', async () => {
    if (!kafka) await start();
    const transport = await open();
    await isUp(transport, true);
    await transport.subscribe({
      group: newId(),
      topics: [`away.${newId()}`],
      onBatch: async () => {},
    });
    await transport.subscribeTenants({ group: newId(), onBatch: async () => {} });
    await kill();
    await isUp(transport, false);
    await transport.close();
    await expect(transport.send([recordOn('away', 'x')])).rejects.toMatchObject({
      code: 'transport.unavailable',
    });
  });
});
