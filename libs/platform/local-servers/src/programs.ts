import { access, constants, readdir } from 'node:fs/promises';
import path from 'node:path';
import { LocalServerError } from './local-server-error';
import { hasCode, ignoreMissing } from './process-identity';

/** Debian keeps the version's own programs of Postgres outside the PATH. */
const postgresVersions = '/usr/lib/postgresql';

/** The file of a program on the PATH (or among Debian's Postgres programs); undefined if none. */
export async function findProgram(name: string): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter(Boolean);
  const versions = (await readdir(postgresVersions).catch(ignoreMissing)) ?? [];
  folders.push('/usr/sbin', '/usr/local/sbin');
  folders.push(...versions.map((version) => path.join(postgresVersions, version, 'bin')));
  for (const folder of folders) {
    const file = path.join(folder, name);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'EACCES', 'ENOTDIR')) throw error;
    }
  }
  return undefined;
}

/** What to say when a program that a server needs is not here. */
export function missingProgram(name: string): LocalServerError {
  return new LocalServerError(
    `${name} is not installed.`,
    'install it (on Debian and Ubuntu, npm test does so when it may), or point ' +
      'EASYFLOW_POSTGRES_URL, EASYFLOW_KAFKA_BROKERS and EASYFLOW_REDIS_URL at servers of your own.',
  );
}
