import assert from 'node:assert/strict';
import { Client } from 'pg';
import { ROLES, type Role } from '@easyflow/platform-database';
import type { TestDatabase } from '../test-database';

/** An attack on the server beside the database, with nothing but the password of a role. */
export interface ServerAttack {
  name: string;
  /** Throws when it succeeds, or when its positive control does not. The server must be the spec's own. */
  run(database: TestDatabase): Promise<void>;
}

const TOO_MANY = '53300';
const REFUSED = '42501';

function connectionTo(database: TestDatabase, role: Role, name: string): Client {
  const { host, port } = database.address;
  const client = new Client({
    host,
    port,
    database: name,
    user: role,
    password: database.rolePasswords[role],
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  return client;
}

async function reaches(database: TestDatabase, role: Role, name: string): Promise<boolean> {
  const client = connectionTo(database, role, name);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch (error) {
    assert.equal((error as { code?: string }).code, REFUSED, String(error));
    return false;
  } finally {
    await client.end();
  }
}

async function serverConnections(database: TestDatabase): Promise<number> {
  const [row] = await database.superuser<{ most: number }>(
    "SELECT current_setting('max_connections')::int AS most",
  );
  return row?.most ?? 0;
}

/** Every role in turn opens connections until it is refused; each time all other roles still get one. */
const connectionFlood: ServerAttack = {
  name: 'connection_flood',
  run: async (database) => {
    const most = await serverConnections(database);
    for (const role of ROLES) {
      const flood: Client[] = [];
      try {
        let refusal: string | undefined;
        while (refusal === undefined && flood.length <= most) {
          const client = connectionTo(database, role, database.address.database);
          flood.push(client);
          refusal = await client.connect().then(
            () => undefined,
            (error: { code?: string }) => error.code ?? 'unknown',
          );
        }
        assert.equal(refusal, TOO_MANY);
        assert.ok(flood.length > 2, `${role} had no connection at all`);
        for (const other of ROLES.filter((each) => each !== role)) {
          assert.ok(await reaches(database, other, database.address.database));
        }
      } finally {
        await Promise.all(flood.map((client) => client.end()));
      }
    }
  },
};

/** From a database where nothing was revoked a role could end its peers, watch them and take locks that stop others. */
const neighbourDatabase: ServerAttack = {
  name: 'neighbour_database',
  run: async (database) => {
    const neighbours = await database.superuser<{ name: string }>(
      "SELECT datname AS name FROM pg_database WHERE datallowconn AND datname NOT LIKE 'ef\\_%' ORDER BY 1",
    );
    assert.deepEqual(
      neighbours.map(({ name }) => name),
      ['another', 'postgres', 'template1'],
    );
    for (const role of ROLES) {
      assert.ok(await reaches(database, role, database.address.database));
      for (const { name } of neighbours) {
        assert.ok(!(await reaches(database, role, name)), `${role} reaches ${name}`);
      }
    }
  },
};

export const SERVER_ATTACKS: readonly ServerAttack[] = [connectionFlood, neighbourDatabase];
