import { conformanceDir, testServers } from './test-servers';

const variables = {
  EASYFLOW_TEST_POSTGRES_URL: 'postgres://localhost/postgres',
  EASYFLOW_TEST_KAFKA_BROKERS: 'one:9092,two:9092',
  EASYFLOW_TEST_REDIS_URL: 'redis://localhost',
};

describe('the environment of a test run', () => {
  const before = { ...process.env };

  beforeEach(() => {
    Object.assign(process.env, variables);
  });

  afterEach(() => {
    process.env = { ...before };
  });

  it('gives the servers', () => {
    expect(testServers()).toEqual({
      postgresUrl: 'postgres://localhost/postgres',
      kafkaBrokers: ['one:9092', 'two:9092'],
      redisUrl: 'redis://localhost',
    });
  });

  it.each(Object.keys(variables))('fails when %s is missing and says what to do', (name) => {
    delete process.env[name];

    expect(testServers).toThrow(new RegExp(`${name} is not set.*npm test`));
  });

  it('fails when the conformance data is not where it is said to be', () => {
    process.env['EASYFLOW_CONFORMANCE_DIR'] = '/nowhere/conformance';

    expect(conformanceDir).toThrow(/no conformance data in \/nowhere\/conformance/);
  });
});
