import path from 'node:path';
import {
  ensurePrerequisites,
  startKafka,
  startPostgres,
  startRedis,
} from '@easyflow/platform-local-servers';
import type { LocalServicesConfig } from '@easyflow/platform-config';
import type { Supervisor } from './supervisor';

/** Where the three servers are. */
export interface DataServers {
  postgresUrl: string;
  kafka: string[];
  redis: string;
}

/**
 * Starts, under the supervisor, the servers whose address is not given. They keep their ports over restarts, so
 * nothing that is connected to them has to be told.
 */
export async function startDataServers(
  config: LocalServicesConfig,
  dataDir: string,
  supervisor: Supervisor,
  log: (line: string) => void,
): Promise<DataServers> {
  const { postgresUrl, kafkaBrokers, redisUrl } = config;
  const ours = Object.entries({ Postgres: postgresUrl, Kafka: kafkaBrokers, Redis: redisUrl })
    .filter(([, given]) => given === undefined)
    .map(([name]) => name);
  if (ours.length > 0) log(`starting ${ours.join(', ')} in ${dataDir}`);
  if (!kafkaBrokers || !redisUrl) await ensurePrerequisites({ log, for: 'services' });
  const folder = (name: string) => path.join(dataDir, name);
  const [postgres, kafka, redis] = await Promise.all([
    postgresUrl ??
      supervisor
        .add('postgres', (spawned) => startPostgres({ dataDir: folder('postgres'), log, spawned }))
        .then(({ url }) => url),
    kafkaBrokers ??
      supervisor
        .add('kafka', (spawned) => startKafka({ dataDir: folder('kafka'), log, spawned }))
        .then(({ brokers }) => brokers),
    redisUrl ??
      supervisor
        .add('redis', (spawned) => startRedis({ dataDir: folder('redis'), log, spawned }))
        .then(({ url }) => url),
  ]);
  return { postgresUrl: postgres, kafka, redis };
}
