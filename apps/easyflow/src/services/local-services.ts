import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceName } from '@easyflow/contracts-events';
import type { DemoTenant } from '@easyflow/issuer';
import { roleProcesses, type LocalServicesConfig } from '@easyflow/platform-config';
import { freePort } from '@easyflow/platform-local-servers';
import { DatabaseAccess } from '@easyflow/tenant-context';
import { assertPortFree } from '../local/assert-port-free';
import { DiscoveryFile } from '../local/discovery-file';
import { demoTenant, hasDemoTenant, installationKeys } from '../local/installation-keys';
import { prepareDatabase } from '../local/local-database';
import { openDataFolder } from '../local/open-data-folder';
import type { Progress } from '../local/progress';
import { ensureSample } from '../local/sample-execution';
import { startDataServers } from './data-servers';
import { endLeftovers, noteProcesses } from './leftovers';
import { serviceCommand, type Installation } from './service-plan';
import { startService, waitUntilReady } from './service-process';
import { Supervisor, type ProcessEntry } from './supervisor';

const readyTimeoutMs = 60_000;

export interface LocalServicesOptions extends LocalServicesConfig {
  executors: number;
  schedulers: number;
  restart: boolean;
}

export interface LocalServices {
  url: string;
  demo: DemoTenant;
  isNew: boolean;
  adminKey: string;
  close(): Promise<void>;
}

/**
 * The full shape on this machine: Kafka, Redis, Postgres and every service as processes of their own, kept running.
 * @throws LocalServerError with the fix when a port is taken, a program is missing or the data folder is broken
 */
export async function startLocalServices(
  options: LocalServicesOptions,
  variables: Readonly<Record<string, string>>,
  progress: Progress,
): Promise<LocalServices> {
  const say = (line: string) => progress.say(line);
  const dataDir = path.resolve(options.dataDir);
  const isNew = !hasDemoTenant(dataDir);
  await openDataFolder(dataDir);
  await mkdir(path.join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  const left = await endLeftovers(dataDir);
  if (left > 0) say(`ended ${left} service processes that an earlier start left running`);
  await assertPortFree(options.http.port);
  const file = new DiscoveryFile('services.json');
  await file.remove();

  let publish: ((processes: ProcessEntry[]) => Promise<void>) | undefined;
  const supervisor = new Supervisor({
    restart: options.restart,
    say,
    onChange: async (processes) => {
      await noteServices(dataDir, processes);
      await publish?.(processes);
    },
  });
  try {
    const servers = await startDataServers(options, dataDir, supervisor, say);
    const keys = await installationKeys(dataDir);
    say('bringing the database to the newest schema');
    const database = await prepareDatabase(
      servers.postgresUrl,
      {
        passwords: keys.rolePasswords,
        processes: roleProcesses({
          gateway: 1,
          'flow-registry': 1,
          scheduler: options.schedulers,
          executor: options.executors,
          analytics: 1,
          issuer: 1,
        }),
      },
      say,
    );
    const demo = await withIssuance(database.address, keys.rolePasswords.ef_issuer, (access) =>
      demoTenant(access.issuance, dataDir),
    );

    const issuerPort = await freePort();
    const { host, port, database: name } = database.address;
    const installation: Installation = {
      dataDir,
      database: { host, port, name },
      kafka: servers.kafka,
      redis: servers.redis,
      issuerUrl: `http://127.0.0.1:${issuerPort}`,
      urls: [],
      keys,
      inherited: variables,
    };
    say('starting the services');
    const add = async (service: ServiceName, replica: number, httpPort: number) => {
      const command = serviceCommand(service, replica, httpPort, installation);
      installation.urls.push({ service, url: command.url });
      const running = await supervisor.add(service, () => startService(command));
      await noteServices(dataDir, supervisor.processes);
      await waitUntilReady(command, running, readyTimeoutMs);
    };
    await add('issuer', 0, issuerPort);
    const replicas = (service: ServiceName, count: number) =>
      Array.from({ length: count }, async (_, replica) => add(service, replica, await freePort()));
    await Promise.all([
      ...replicas('flow-registry', 1),
      ...replicas('analytics', 1),
      ...replicas('scheduler', options.schedulers),
      ...replicas('executor', options.executors),
    ]);
    const gatewayPort = options.http.port === 0 ? await freePort() : options.http.port;
    await add('gateway', 0, gatewayPort);
    const url = `http://127.0.0.1:${gatewayPort}`;
    await ensureSample({ url, apiKey: demo.apiKey }, say);

    publish = (processes) =>
      file.write({
        pid: process.pid,
        url,
        ...demo,
        adminKey: keys.adminKey,
        databaseUrl: database.url,
        kafka: servers.kafka,
        redis: servers.redis,
        processes,
      });
    await publish(supervisor.processes);
    return {
      url,
      demo,
      isNew,
      adminKey: keys.adminKey,
      close: async () => {
        await file.remove();
        await supervisor.stop();
        // A restart that was under way has written it again.
        await file.remove();
      },
    };
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

const servers = new Set(['postgres', 'kafka', 'redis']);

/** The three servers are found again by their own data folders. */
async function noteServices(dataDir: string, processes: readonly ProcessEntry[]): Promise<void> {
  const services = processes.filter(({ service }) => !servers.has(service));
  await noteProcesses(
    dataDir,
    services.map(({ pid }) => pid),
  );
}

async function withIssuance<T>(
  address: { host: string; port: number; database: string },
  password: string,
  work: (access: DatabaseAccess) => Promise<T>,
): Promise<T> {
  const access = await DatabaseAccess.connect({ ...address, passwords: { ef_issuer: password } });
  try {
    return await work(access);
  } finally {
    await access.close();
  }
}
