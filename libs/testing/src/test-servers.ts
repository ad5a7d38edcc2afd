import { existsSync } from 'node:fs';
import path from 'node:path';

/** The real servers that a test run provides. */
export interface TestServers {
  /** The superuser's URL of the database `postgres`. */
  readonly postgresUrl: string;
  /** `host:port` of each. */
  readonly kafkaBrokers: readonly string[];
  readonly redisUrl: string;
}

/** The servers of this run. Throws when the run was started without them. */
export function testServers(): TestServers {
  return {
    postgresUrl: required('EASYFLOW_TEST_POSTGRES_URL'),
    kafkaBrokers: required('EASYFLOW_TEST_KAFKA_BROKERS').split(','),
    redisUrl: required('EASYFLOW_TEST_REDIS_URL'),
  };
}

/**
 * The folder with the conformance data of the workflow language and of jq: the environment's, else
 * `shared/conformance` beside the checkout. Throws when there is none.
 */
export function conformanceDir(): string {
  const given = process.env['EASYFLOW_CONFORMANCE_DIR'];
  const folder = given || path.join(__dirname, '../../../../shared/conformance');
  if (existsSync(folder)) return folder;
  throw new Error(
    `There is no conformance data in ${path.resolve(folder)}. Fetch it with "npm run conformance", ` +
      'which prints its folder, and set EASYFLOW_CONFORMANCE_DIR to that.',
  );
}

function required(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Error(
    `${name} is not set. Run the test as "npm test -- PATH", which starts the servers and sets it.`,
  );
}
