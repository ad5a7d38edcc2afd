import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { findPostgresAccount } from './postgres-account';
import { findPostgresBinaries } from './postgres-binaries';
import { clusterArgument, ensureCluster, superuser } from './postgres-cluster';
import { LocalServerError } from './local-server-error';
import { choosePort } from './ports';
import { identifyProcess, ignoreMissing } from './process-identity';
import { ServerFolder } from './server-folder';
import { ServerProcess, type ServerExit } from './server-process';

/** A running Postgres of this machine. */
export interface LocalPostgres {
  /** The superuser's URL of the database `postgres`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly pid: number;
  /** Fast shutdown: clients are disconnected, nothing committed is lost. Idempotent. */
  stop(): Promise<void>;
  /** Sends a signal, `SIGKILL` unless another is named. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Resolves once, when it has ended for whatever reason. */
  readonly exited: Promise<ServerExit>;
}

export interface StartPostgresOptions {
  /** Everything that belongs to this server lies in it. */
  readonly dataDir: string;
  /** Default: the port this folder had last time, else a free one. */
  readonly port?: number;
  readonly log?: (line: string) => void;
  /** Called with the process id as soon as it runs, before it is ready. */
  readonly spawned?: (pid: number) => void;
  /** Server settings, over the defaults below. */
  readonly settings?: Readonly<Record<string, string>>;
}

const host = '127.0.0.1';

/** Durable as in production (fsync stays on), sized for a developer's machine. */
const defaultSettings: Readonly<Record<string, string>> = {
  listen_addresses: host,
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
  max_connections: '200',
  shared_buffers: '256MB',
  fsync: 'on',
  synchronous_commit: 'on',
  wal_compression: 'on',
  max_wal_size: '2GB',
  min_wal_size: '256MB',
  checkpoint_timeout: '15min',
  checkpoint_completion_target: '0.9',
  random_page_cost: '1.1',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  cluster_name: 'easyflow',
};

/**
 * Starts Postgres 18 on its data folder, which it creates when there is none. What a killed parent
 * left (a lock file, a server that still runs) is cleared away first.
 * Throws LocalServerError when it cannot, saying what to do.
 */
export async function startPostgres(options: StartPostgresOptions): Promise<LocalPostgres> {
  const folder = await ServerFolder.open(options.dataDir, 'Postgres');
  try {
    return await startIn(folder, options);
  } catch (error) {
    await folder.close();
    throw error;
  }
}

async function startIn(
  folder: ServerFolder,
  options: StartPostgresOptions,
): Promise<LocalPostgres> {
  const log = options.log ?? (() => undefined);
  const cluster = folder.file('cluster');
  const account = await findPostgresAccount(cluster);
  const binaries = await findPostgresBinaries(account);
  // SIGINT is Postgres' fast shutdown; SIGTERM would wait for every client to leave.
  await folder.endLeftovers('postgres', 'SIGINT', log, cluster);
  await removeDeadLock(path.join(cluster, 'postmaster.pid'));

  const known = await folder.recall();
  const password = known?.['password'] ?? randomBytes(24).toString('base64url');
  if (typeof password !== 'string') {
    throw new LocalServerError(
      `${folder.file('server.json')} holds no password.`,
      `restore ${folder.path} from a backup, or delete it to start with an empty database.`,
    );
  }
  const remembered = known?.['port'];
  const port = await choosePort('Postgres', {
    ...(options.port === undefined ? {} : { asked: options.port }),
    ...(typeof remembered === 'number' ? { remembered } : {}),
  });
  const created = known?.['created'] === 1;
  // The password first: a start that is killed on the way must not leave a cluster that nobody can open.
  await folder.remember({ password, port, ...(created ? { created: 1 } : {}) });
  const expected = known === undefined ? 'none' : created ? 'cluster' : 'either';
  await ensureCluster(folder, cluster, { account, binaries, password, expected, log });
  await folder.remember({ password, port, created: 1 });

  const settings = { ...defaultSettings, ...options.settings, port: String(port) };
  const server = await ServerProcess.start(
    {
      server: 'Postgres',
      command: binaries.postgres,
      args: [
        '-D',
        clusterArgument(cluster, account),
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      cwd: cluster,
      env: { ...process.env, LC_ALL: 'C' },
      stopSignal: 'SIGINT',
      ...(account ? { uid: account.uid, gid: account.gid } : {}),
    },
    folder,
  );
  const url = `postgres://${superuser}:${password}@${host}:${port}/postgres`;
  options.spawned?.(server.pid);
  await server.waitUntilReady(() => answers(url), {
    // Recovery after a crash replays at most max_wal_size.
    timeoutMs: 180_000,
    fix: `if the log speaks of damaged files, restore ${folder.path} from a backup or delete it to start with an empty database.`,
    log,
  });
  return {
    url,
    host,
    port,
    user: superuser,
    password,
    pid: server.pid,
    stop: () => server.stop(),
    kill: (signal) => server.kill(signal),
    exited: server.exited,
  };
}

/**
 * Postgres takes a zombie for the living owner of its lock file, and the first process of a container may bury
 * those it adopts late or never; after a crash of the machine the pid may be anybody's. On Linux nothing runs in
 * the folder any more when this is called.
 */
async function removeDeadLock(file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(ignoreMissing);
  if (text === undefined) return;
  const pid = Number.parseInt(text, 10);
  const mayLive = process.platform !== 'linux' && pid > 0 && (await identifyProcess(pid));
  if (!mayLive) await rm(file, { force: true });
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  // A connection that breaks later than its query is the next attempt's matter.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
