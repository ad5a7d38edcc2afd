import { runTransportContract, testServers } from '@easyflow/testing';
import { KafkaTransport } from './kafka-transport';
import { silentLog } from './testing/silent-log';

jest.setTimeout(120_000);

runTransportContract('kafka', async () => ({
  open: async () =>
    new KafkaTransport({
      brokers: testServers().kafkaBrokers,
      clientId: 'transport-contract',
      log: silentLog,
    }),
}));
