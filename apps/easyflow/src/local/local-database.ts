import { OperationalError } from '@easyflow/kernel-errors';
import { LocalServerError } from '@easyflow/platform-local-servers';
import {
  ensureDatabase,
  migrate,
  parseDatabaseUrl,
  type DatabaseAddress,
  type Role,
  type RoleProcesses,
} from '@easyflow/platform-database';

const databaseName = 'easyflow';

export interface LocalDatabase {
  address: DatabaseAddress;
  /** The superuser's URL of the same database. */
  url: string;
}

/**
 * Brings the database of a local installation to the newest schema. `url` is the superuser's, of any database of
 * the server; ours is made when there is none.
 * @throws LocalServerError when the server does not let us in, or not do that
 */
export async function prepareDatabase(
  url: string,
  roles: { passwords: Record<Role, string>; processes: RoleProcesses },
  log: (line: string) => void,
): Promise<LocalDatabase> {
  const ours = new URL(url);
  ours.pathname = `/${databaseName}`;
  try {
    await ensureDatabase(ours.href);
    await migrate({
      url: ours.href,
      profile: 'hardened',
      rolePasswords: roles.passwords,
      processes: roles.processes,
      log,
    });
  } catch (error) {
    throw isRefusal(error) ? refused(ours.host, error) : error;
  }
  const { host, port, database } = parseDatabaseUrl(ours.href);
  return { address: { host, port, database }, url: ours.href };
}

const INSUFFICIENT_PRIVILEGE = '42501';

function isRefusal(error: unknown): error is Error {
  if (error instanceof OperationalError) return error.code === 'database.unavailable';
  return error instanceof Error && 'code' in error && error.code === INSUFFICIENT_PRIVILEGE;
}

function refused(host: string, error: Error): LocalServerError {
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  // An error of several addresses has a code, but no message.
  const reason = cause?.message || cause?.code || error.message;
  return new LocalServerError(
    `The Postgres at ${host} cannot be used: ${reason}.`,
    'check that it runs and, when EASYFLOW_POSTGRES_URL names it, that this is the URL of a superuser.',
    { cause: error },
  );
}
