import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import {
  catalogueFaults,
  createTestDatabase,
  SERVER_ATTACKS,
  type TestDatabase,
} from '@easyflow/testing';
import { startPostgres, type LocalPostgres } from '@easyflow/platform-local-servers';

/**
 * Roles and databases belong to the whole server: what attacks those, and what breaks them on purpose, has a server
 * of its own.
 */
const MUTATIONS: readonly [name: string, sql: string, undo: string, seenBy: readonly string[]][] = [
  [
    'a connection limit dropped',
    'ALTER ROLE ef_analytics CONNECTION LIMIT -1',
    'ALTER ROLE ef_analytics CONNECTION LIMIT 4',
    ['connection_limit', 'connection_flood'],
  ],
  [
    'CONNECT on postgres',
    'GRANT CONNECT ON DATABASE postgres TO ef_worker',
    'REVOKE CONNECT ON DATABASE postgres FROM ef_worker',
    ['neighbour_database'],
  ],
  [
    'CONNECT on template1 for everybody',
    'GRANT CONNECT ON DATABASE template1 TO PUBLIC',
    'REVOKE CONNECT ON DATABASE template1 FROM PUBLIC',
    ['neighbour_database'],
  ],
  [
    'a setting of a role',
    'ALTER ROLE ef_writer SET synchronous_commit = off',
    'ALTER ROLE ef_writer RESET ALL',
    ['role_setting'],
  ],
];

let folder: string;
let server: LocalPostgres | undefined;
let database: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'easyflow-server-'));
  server = await startPostgres({
    dataDir: folder,
    settings: { max_connections: '60', shared_buffers: '32MB', fsync: 'off' },
  });
  const client = new Client({ connectionString: server.url });
  await client.connect();
  await client.query('CREATE DATABASE another');
  await client.end();
  database = await createTestDatabase(server.url);
}, 120_000);

afterAll(async () => {
  await database?.drop();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

describe('the server', () => {
  it.each(SERVER_ATTACKS.map((attack) => [attack.name, attack] as const))(
    '%s',
    (_name, attack) => attack.run(database),
    60_000,
  );
});

describe('a broken server', () => {
  it.each(MUTATIONS)(
    'is seen: %s',
    async (_name, sql, undo, seenBy) => {
      await database.superuser(sql);
      try {
        const faults = await catalogueFaults(database);
        const seen = new Set(faults.map((fault) => fault.split(':')[0] ?? ''));
        for (const attack of SERVER_ATTACKS.filter(({ name }) => seenBy.includes(name))) {
          seen.delete(attack.name);
          await attack.run(database).catch(() => seen.add(attack.name));
        }
        expect([...seen]).toEqual(expect.arrayContaining([...seenBy]));
      } finally {
        await database.superuser(undo);
      }
      expect(await catalogueFaults(database)).toEqual([]);
    },
    60_000,
  );
});
