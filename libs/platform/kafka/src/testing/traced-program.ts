// Run by kafka-trace.int.spec.ts as a process of its own, because instrumentation is process-wide: answers
// HTTP, sends to Kafka, receives that, and calls an address from there.
import { KafkaTransport } from '../kafka-transport';
import {
  inSpan,
  newTraceparent,
  shutdownTelemetry,
  withTraceparent,
} from '@easyflow/platform-telemetry';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { silentLog } from './silent-log';

async function finish(): Promise<void> {
  await shutdownTelemetry();
  process.stdout.write('done\n');
}

async function main(brokers: string[], topic: string, target: string): Promise<void> {
  const transport = new KafkaTransport({ brokers, clientId: 'traced', log: silentLog });
  await transport.connect();
  await transport.subscribe({
    group: topic,
    topics: [topic],
    onBatch: async ([record]) => {
      const traceparent = record?.headers['traceparent'];
      await withTraceparent(traceparent, () =>
        inSpan('execute', async () => {
          await (await request(`${target}/plain?secret=1`)).body.dump();
          // As a flow that sets a trace of its own.
          const headers = { traceparent: newTraceparent() };
          await (await request(`${target}/own`, { headers })).body.dump();
        }),
      );
      // After the handler: the span of the receipt ends with it.
      setImmediate(() => void finish());
    },
  });
  const server = createServer((_request, response) => {
    transport.send([{ topic, headers: {}, value: '{}' }]).then(
      () => response.end('sent'),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
  process.stdin.resume().once('end', () => process.exit(0));
}

const [, , brokers = '', topic = '', target = ''] = process.argv;
void main(brokers.split(','), topic, target);
