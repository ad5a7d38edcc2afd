import { Client } from 'pg';
import { OperationalError } from '@easyflow/kernel-errors';
import { parseDatabaseUrl } from './connection-settings';

const DUPLICATE_DATABASE = '42P04';

/**
 * Makes the database that the URL names, when the server has none of that name. The login must be one that may
 * create databases; it connects to the database `postgres` for that.
 * @throws OperationalError `database.unavailable` when the server does not answer
 */
export async function ensureDatabase(url: string): Promise<void> {
  const { database, ...server } = parseDatabaseUrl(url);
  const client = new Client({ ...server, database: 'postgres', connectionTimeoutMillis: 10_000 });
  try {
    await client.connect();
  } catch (cause) {
    throw new OperationalError('database.unavailable', 'The database does not answer', { cause });
  }
  try {
    await client.query(
      `CREATE DATABASE ${client.escapeIdentifier(database)} TEMPLATE template0 ENCODING 'UTF8'`,
    );
  } catch (error) {
    if ((error as { code?: string }).code !== DUPLICATE_DATABASE) throw error;
  } finally {
    await client.end();
  }
}
