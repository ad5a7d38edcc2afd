import { runTransportContract } from '@easyflow/testing';
import { newId } from '@easyflow/kernel-ids';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { TransportLog } from '../transport';
import { InProcessTransport } from './in-process-transport';

const log: TransportLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

runTransportContract('in-process', async () => {
  const transport = new InProcessTransport({ log });
  return { open: async () => transport };
});

describe('InProcessTransport', () => {
  const record = (topic: string, value: string) => ({ topic, headers: {}, value });

  it('refuses more than its backlog holds, and nothing of the refused request arrives', async () => {
    const bounded = new InProcessTransport({ log, backlog: 3 });
    await bounded.connect();
    const seen: string[] = [];
    const gate = Promise.withResolvers<void>();
    await bounded.subscribe({
      group: 'slow',
      topics: ['t'],
      onBatch: async (records) => {
        await gate.promise;
        seen.push(...records.map(({ value }) => value));
      },
    });
    await bounded.send(['1', '2', '3'].map((value) => record('t', value)));
    await expect(bounded.send([record('other', 'x'), record('t', '4')])).rejects.toMatchObject({
      code: 'transport.unavailable',
      retryable: true,
    });
    gate.resolve();
    await bounded.close();
    expect(seen).toEqual(['1', '2', '3']);
  });

  it('drops the oldest for a group that has left, so that a dead group stops nobody', async () => {
    const bounded = new InProcessTransport({ log, backlog: 3 });
    await bounded.connect();
    const gone = await bounded.subscribe({ group: 'gone', topics: ['t'], onBatch: async () => {} });
    await gone.close();
    await bounded.send(['1', '2', '3', '4', '5'].map((value) => record('t', value)));
    const seen: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    await bounded.subscribe({
      group: 'gone',
      topics: ['t'],
      onBatch: async (records) => {
        seen.push(...records.map(({ value }) => value));
        resolve();
      },
    });
    await promise;
    expect(seen).toEqual(['3', '4', '5']);
    await bounded.close();
  });

  it("does not run handlers in the sender's asynchronous context", async () => {
    const storage = new AsyncLocalStorage<string>();
    const topic = newId();
    const seen = Promise.withResolvers<string | undefined>();
    const fresh = new InProcessTransport({ log });
    await fresh.connect();
    await fresh.subscribe({
      group: topic,
      topics: [topic],
      onBatch: async () => seen.resolve(storage.getStore()),
    });
    await storage.run('tenant A', () => fresh.send([record(topic, 'x')]));
    expect(await seen.promise).toBeUndefined();
    await fresh.close();
  });

  it('refuses to send before it is connected and after it is closed', async () => {
    const fresh = new InProcessTransport({ log });
    await expect(fresh.send([record('t', 'x')])).rejects.toMatchObject({
      code: 'transport.unavailable',
    });
    const states: boolean[] = [];
    fresh.onStateChange((up) => states.push(up));
    await fresh.connect();
    await fresh.close();
    expect(states).toEqual([true, false]);
    await expect(fresh.send([record('t', 'x')])).rejects.toMatchObject({
      code: 'transport.unavailable',
    });
  });
});
