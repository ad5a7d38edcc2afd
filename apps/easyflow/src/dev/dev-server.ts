import path from 'node:path';
import { IssuerCore, type DemoTenant } from '@easyflow/issuer';
import { roleProcesses, ROLES_OF, type EmbeddedConfig } from '@easyflow/platform-config';
import type { Role } from '@easyflow/platform-database';
import { startPostgres } from '@easyflow/platform-local-servers';
import { logger as createLogger } from '@easyflow/platform-telemetry';
import { DatabaseAccess, TokenKeyRotation } from '@easyflow/tenant-context';
import { assertPortFree } from '../local/assert-port-free';
import { hasRoom } from '../local/disk-room';
import { DiscoveryFile } from '../local/discovery-file';
import { demoTenant, hasDemoTenant, installationKeys } from '../local/installation-keys';
import { prepareDatabase } from '../local/local-database';
import { openDataFolder } from '../local/open-data-folder';
import type { Progress } from '../local/progress';
import { ensureSample } from '../local/sample-execution';
import { startEmbeddedServices } from './embedded-services';
import { KeptPostgres } from './kept-postgres';

/** Two files of Postgres' log: its recovery needs one. */
const ROOM_TO_START_BYTES = 32 * 1024 * 1024;

export interface DevServer {
  url: string;
  demo: DemoTenant;
  /** Whether this start made the demo tenant. */
  isNew: boolean;
  adminKey: string;
  /** Resolves with the reason when it cannot go on. */
  failed: Promise<Error>;
  /** Drains, stops everything, removes the discovery file. */
  close(): Promise<void>;
}

/** Every role is used by this process alone. */
function databaseRoles(passwords: Record<Role, string>) {
  const one = Object.keys(ROLES_OF).map((service) => [service, 1] as const);
  return { passwords, processes: roleProcesses(Object.fromEntries(one)) };
}

/**
 * The one-process shape: Postgres in the data folder and all services in this process.
 * @throws LocalServerError with the fix when a port is taken or the data folder is broken
 */
export async function startDevServer(
  config: EmbeddedConfig,
  progress: Progress,
): Promise<DevServer> {
  const say = (line: string) => progress.say(line);
  const closing: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const step of closing.reverse()) await step();
  };
  try {
    await assertPortFree(config.http.port);
    const file = new DiscoveryFile('dev.json');
    await file.remove();
    const dataDir = path.resolve(config.dataDir);
    const isNew = !hasDemoTenant(dataDir);
    await openDataFolder(dataDir);
    const keys = await installationKeys(dataDir);
    say(`starting Postgres in ${dataDir}`);
    const folder = path.join(dataDir, 'postgres');
    const postgres = await KeptPostgres.start({
      start: (port) =>
        startPostgres({ dataDir: folder, log: say, ...(port === undefined ? {} : { port }) }),
      hasRoom: () => hasRoom(folder, ROOM_TO_START_BYTES),
      say,
    });
    closing.push(() => postgres.stop());
    say('bringing the database to the newest schema');
    const database = await prepareDatabase(postgres.url, databaseRoles(keys.rolePasswords), say);

    const logger = createLogger('easyflow', { level: config.logLevel });
    const issuance = await DatabaseAccess.connect({
      ...database.address,
      passwords: { ef_issuer: keys.rolePasswords.ef_issuer },
    });
    closing.push(() => issuance.close());
    const clock = await issuance.watch(logger);
    const demo = await demoTenant(issuance.issuance, dataDir);
    const core = new IssuerCore({
      issuance: issuance.issuance,
      jwtKeys: keys.jwtKeys,
      senderKeys: keys.senderKeys,
      adminKey: keys.adminKey,
      accessTokenSeconds: config.accessTokenSeconds,
      defaultLimits: config.limits,
      clock,
    });
    const rotation = new TokenKeyRotation({
      issuance: issuance.issuance,
      everyMs: config.tokenKeyMs,
      logger,
    }).start();
    closing.push(() => rotation.close());
    say('starting the services');
    const services = await startEmbeddedServices(config, database.address, keys, core, logger);
    closing.push(() => services.close());
    await ensureSample({ url: services.url, apiKey: demo.apiKey }, say);

    await file.write({
      pid: process.pid,
      url: services.url,
      ...demo,
      adminKey: keys.adminKey,
      databaseUrl: database.url,
    });
    closing.push(() => file.remove());
    const { failed } = postgres;
    return { url: services.url, demo, isNew, adminKey: keys.adminKey, failed, close };
  } catch (error) {
    await close();
    throw error;
  }
}
