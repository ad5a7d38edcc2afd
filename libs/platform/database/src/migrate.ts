import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { OperationalError } from '@easyflow/kernel-errors';
import { bootstrap, type RolePasswords } from './bootstrap';
import {
  changedLimits,
  connectionLimits,
  connectionsNeeded,
  serverConnections,
  type ConnectionLimits,
  type RoleProcesses,
} from './connection-limits';
import { driverSsl, parseDatabaseUrl } from './connection-settings';
import { applyFunctions } from './functions/apply-functions';
import { closeNeighbours, harden } from './hardening';
import { MIGRATIONS } from './migrations/sql-migration';
import { assertSafeServer } from './server-version';

/** Held while migrating; the second migrator waits and then finds nothing to do. */
const MIGRATION_LOCK = 20_251;

export interface MigrateOptions {
  /** A superuser, an administrator who may create roles, or ef_migrator once the roles exist. */
  url: string;
  /** `hardened` takes a superuser; `baseline` is what a managed Postgres allows. */
  profile: 'baseline' | 'hardened';
  rolePasswords: RolePasswords;
  /**
   * Processes that hold each role's password at a time: each role may have their pools' connections. Default: each has
   * its share of what the server has.
   */
  processes?: RoleProcesses;
  /** Goes before the limits that follow from `processes`. */
  connectionLimits?: ConnectionLimits;
  log?: (line: string) => void;
}

/**
 * Brings a database to the newest schema: roles, schemas, numbered migrations over all placements,
 * the functions as they are now, and the profile's grants. Safe to repeat and to run from several processes at once.
 * @throws UserError `database.version_unsupported` or `database.url`
 * @throws OperationalError `database.unavailable` when the database does not answer
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  const address = parseDatabaseUrl(options.url);
  const log = options.log ?? (() => undefined);
  const client = new Client({
    ...address,
    ssl: driverSsl(address.sslMode),
    connectionTimeoutMillis: 10_000,
  });
  const lost: Error[] = [];
  client.on('error', (error) => lost.push(error));
  try {
    await client.connect();
  } catch (cause) {
    throw new OperationalError('database.unavailable', 'The database does not answer', { cause });
  }
  try {
    const version = await client.query<{ number: string }>(
      "SELECT current_setting('server_version_num') AS number",
    );
    assertSafeServer(Number(version.rows[0]?.number));
    await client.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    await bootstrap(client, {
      passwords: options.rolePasswords,
      connectionLimits: options.connectionLimits ?? (await limitsFor(client, options, log)),
      log,
    });
    for (const name of await runMigrations(address)) log(`migrated ${name}`);
    const functions = await applyFunctions(client);
    if (functions.length > 0) log(`applied ${functions.length} functions`);
    if (options.profile === 'hardened') {
      await harden(client);
      await closeNeighbours(client, log);
    }
    await client.query(`SELECT pg_advisory_unlock(${MIGRATION_LOCK})`);
  } finally {
    await client.end();
  }
}

async function limitsFor(
  client: Client,
  { processes }: MigrateOptions,
  log: (line: string) => void,
): Promise<ConnectionLimits> {
  const connections = await serverConnections(client);
  const limits = connectionLimits(connections, processes);
  const changes = processes ? await changedLimits(client, limits) : [];
  if (processes && changes.length > 0 && connectionsNeeded(processes) > connections) {
    log(
      `the services may open ${connectionsNeeded(processes)} connections and the server gives ${connections}: raise max_connections, or put a pooler before it`,
    );
  }
  return limits;
}

async function runMigrations(
  address: ReturnType<typeof parseDatabaseUrl>,
): Promise<readonly string[]> {
  const source = new DataSource({
    type: 'postgres',
    host: address.host,
    port: address.port,
    username: address.user,
    password: address.password,
    database: address.database,
    ssl: driverSsl(address.sslMode),
    schema: 'migration',
    migrationsTableName: 'applied',
    migrationsTransactionMode: 'each',
    migrations: MIGRATIONS,
    installExtensions: false,
    poolSize: 1,
  });
  await source.initialize();
  try {
    return (await source.runMigrations()).map((migration) => migration.name);
  } finally {
    await source.destroy();
  }
}
