import {
  ensureDatabase,
  migrate,
  parseDatabaseUrl,
  type DatabaseAddress,
  type Role,
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
 */
export async function prepareDatabase(
  url: string,
  rolePasswords: Record<Role, string>,
  log: (line: string) => void,
): Promise<LocalDatabase> {
  const ours = new URL(url);
  ours.pathname = `/${databaseName}`;
  await ensureDatabase(ours.href);
  await migrate({ url: ours.href, profile: 'hardened', rolePasswords, log });
  const { host, port, database } = parseDatabaseUrl(ours.href);
  return { address: { host, port, database }, url: ours.href };
}
