import { chown, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LocalServerError } from './local-server-error';
import type { PostgresAccount } from './postgres-account';
import type { PostgresBinaries } from './postgres-binaries';
import { ignoreMissing } from './process-identity';
import { runCommand } from './run-command';
import { exists, type ServerFolder } from './server-folder';

const majorVersion = '18';

/** The superuser of every cluster made here. */
export const superuser = 'postgres';

/**
 * How Postgres is told where its data is. As root the folders above may be closed to its account.
 * It inherits the cluster as its working directory, and `/proc/self/cwd` leads there without
 * walking through them: so the data stays inside the data folder, and deleting that deletes all.
 */
export function clusterArgument(cluster: string, account: PostgresAccount | undefined): string {
  return account ? '/proc/self/cwd' : cluster;
}

/**
 * Makes sure that there is a cluster. A new one is made beside its place and renamed, so that an
 * interrupted initdb leaves nothing that looks like a database.
 * Throws LocalServerError when the one that is there cannot be a working Postgres 18.
 */
export async function ensureCluster(
  folder: ServerFolder,
  cluster: string,
  options: {
    account: PostgresAccount | undefined;
    binaries: PostgresBinaries;
    password: string;
    /** What the folder remembers: a start that was killed while it made the cluster left either. */
    expected: 'none' | 'cluster' | 'either';
    log: (line: string) => void;
  },
): Promise<void> {
  if (await exists(cluster)) {
    await checkCluster(folder, cluster, options.expected);
    if (options.account) await giveTo(options.account, cluster);
    return;
  }
  if (options.expected === 'cluster') {
    throw broken(folder, 'its database folder is missing');
  }
  options.log('creating the Postgres database');
  const draft = `${cluster}.draft`;
  const secret = folder.file('initdb-password');
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(secret, options.password, { mode: 0o600 });
  if (options.account) {
    await chown(draft, options.account.uid, options.account.gid);
    await chown(secret, options.account.uid, options.account.gid);
  }
  // Handed over as an open file, since its path may be closed to the account.
  const handle = await open(secret, 'r');
  try {
    const result = await runCommand(options.binaries.initdb, initdbArguments(draft, options), {
      cwd: draft,
      env: { ...process.env, LC_ALL: 'C' },
      stdin: handle.fd,
      ...(options.account ? { uid: options.account.uid, gid: options.account.gid } : {}),
    });
    if (result.code !== 0) {
      throw new LocalServerError(
        `Postgres could not create its database in ${folder.path}:\n${result.output.trim()}`,
        `check the free space and the rights of ${folder.path}, or choose another data folder.`,
      );
    }
    await rename(draft, cluster);
  } finally {
    await handle.close();
    await rm(secret, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

function initdbArguments(
  draft: string,
  options: { account: PostgresAccount | undefined },
): readonly string[] {
  return [
    `--pgdata=${clusterArgument(draft, options.account)}`,
    `--username=${superuser}`,
    '--pwfile=/dev/stdin',
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--no-locale',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
  ];
}

async function checkCluster(
  folder: ServerFolder,
  cluster: string,
  expected: 'none' | 'cluster' | 'either',
): Promise<void> {
  if (expected === 'none') {
    throw broken(folder, 'the file with its password and port, server.json, is missing');
  }
  const version = await readFile(path.join(cluster, 'PG_VERSION'), 'utf8').catch(ignoreMissing);
  if (version === undefined) throw broken(folder, 'PG_VERSION is missing');
  if (version.trim() !== majorVersion) {
    throw new LocalServerError(
      `${cluster} holds a database of Postgres ${version.trim()}; this is Postgres ${majorVersion}.`,
      'move it with pg_dump of its own version, or delete the data folder to start empty.',
    );
  }
  for (const part of ['global/pg_control', 'base', 'pg_wal']) {
    if (!(await exists(path.join(cluster, part)))) throw broken(folder, `${part} is missing`);
  }
}

function broken(folder: ServerFolder, what: string): LocalServerError {
  return new LocalServerError(
    `The database in ${folder.path} is broken: ${what}.`,
    `restore ${folder.path} from a backup, or delete it to start with an empty database.`,
  );
}

/** A cluster that root copied or restored belongs to root; Postgres insists on its own. */
async function giveTo(account: PostgresAccount, cluster: string): Promise<void> {
  if ((await stat(cluster)).uid === account.uid) return;
  const result = await runCommand('chown', ['-R', `${account.uid}:${account.gid}`, cluster]);
  if (result.code !== 0) {
    throw new LocalServerError(
      `${cluster} could not be given to the account ${account.name}: ${result.output.trim()}`,
      'choose a data folder on a file system that keeps owners.',
    );
  }
}
