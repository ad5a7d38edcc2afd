import { readFile, stat } from 'node:fs/promises';
import { LocalServerError } from './local-server-error';
import { hasCode, ignoreMissing } from './process-identity';
import { runCommand } from './run-command';

/** A system account that Postgres may run as. */
export interface PostgresAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Ours first, then that of a Postgres package. */
const candidates = ['easyflow', 'postgres'];

/**
 * The account for Postgres, which refuses to run as root: undefined (ourselves) unless we are root;
 * then the account that already owns this cluster, an existing one, or a new system user
 * `easyflow`. Throws LocalServerError when there is none and none can be made, or when the cluster
 * is another user's.
 */
export async function findPostgresAccount(cluster: string): Promise<PostgresAccount | undefined> {
  const owner = (await stat(cluster).catch(ignoreMissing))?.uid;
  const self = process.getuid?.();
  if (self !== 0) {
    if (owner !== undefined && self !== undefined && owner !== self) {
      throw new LocalServerError(
        `The database in ${cluster} belongs to another user (uid ${owner}).`,
        'start as the user who made it, choose another data folder, or delete this one.',
      );
    }
    return undefined;
  }
  if (process.platform !== 'linux') {
    throw new LocalServerError('Postgres does not run as root.', 'start as an ordinary user.');
  }
  const accounts = await systemAccounts();
  if (owner !== undefined && owner !== 0) {
    const known = accounts.find((account) => account.uid === owner);
    return known ?? { name: `uid ${owner}`, uid: owner, gid: (await stat(cluster)).gid };
  }
  for (const name of candidates) {
    const account = accounts.find((each) => each.name === name && each.uid !== 0);
    if (account) return account;
  }
  return createAccount();
}

async function createAccount(): Promise<PostgresAccount> {
  const name = 'easyflow';
  const args = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin'];
  const outcome = await runCommand('useradd', [...args, name]).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return { code: -1, output: 'there is no useradd here' };
    throw error;
  });
  const account = (await systemAccounts()).find((each) => each.name === name);
  if (account) return account;
  throw new LocalServerError(
    `Postgres does not run as root, and a system user for it could not be made: ${outcome.output.trim()}`,
    `start as an ordinary user, or make a user named ${candidates.join(' or ')}.`,
  );
}

async function systemAccounts(): Promise<PostgresAccount[]> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n');
  return lines.flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}
