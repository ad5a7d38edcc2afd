import { testServers } from '@easyflow/testing';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { warnOfGroupDelay } from './group-delay';
import { silentLog } from './testing/silent-log';

jest.setTimeout(30_000);

describe('the delay of empty groups', () => {
  let admin: Admin;
  const warned = jest.fn();
  const log = { ...silentLog, warn: warned };

  beforeAll(async () => {
    const brokers = [...testServers().kafkaBrokers];
    admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
  });
  beforeEach(() => warned.mockClear());
  afterAll(() => admin.disconnect());

  it('is warned of where a broker has one', async () => {
    // The broker's own answer with Kafka's default in it: no broker takes the setting while it runs.
    const asked: Pick<Admin, 'describeCluster' | 'describeConfigs'> = {
      describeCluster: () => admin.describeCluster(),
      describeConfigs: async (query) => {
        const answer = await admin.describeConfigs(query);
        const resources = answer.resources.map((resource) => ({
          ...resource,
          configEntries: resource.configEntries.map((entry) => ({ ...entry, configValue: '3000' })),
        }));
        return { ...answer, resources };
      },
    };
    await warnOfGroupDelay(asked, log);
    expect(warned).toHaveBeenCalledWith(
      { delayMs: 3_000 },
      expect.stringContaining('group.initial.rebalance.delay.ms'),
    );
  });

  it('is not warned of where there is none, or it cannot be read', async () => {
    await warnOfGroupDelay(admin, log);
    const refusing = {
      describeCluster: () => admin.describeCluster(),
      describeConfigs: () => Promise.reject(new Error('not authorized')),
    };
    await warnOfGroupDelay(refusing, log);
    expect(warned).not.toHaveBeenCalled();
  });
});
