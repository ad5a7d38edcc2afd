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

/**
 * Postgres lets a role change its own settings and password. The settings reach no session of ours, are found and taken
 * back; the password is given back by the next migration, and who has none of the old connections is refused until then.
 */
const alterOwnRole: ServerAttack = {
  name: 'alter_own_role',
  run: async (database) => {
    const tenant = await database.createTenant();
    const token = await tenant.token('ef_api');
    const attacker = connectionTo(database, 'ef_api', database.address.database);
    await attacker.connect();
    const here = `IN DATABASE ${database.address.database}`;
    const poison = [
      `ALTER ROLE ef_api SET default_transaction_read_only = on`,
      `ALTER ROLE ef_api SET row_security = off`,
      `ALTER ROLE ef_api SET array_nulls = off`,
      `ALTER ROLE ef_api SET TimeZone = 'Pacific/Apia'`,
      `ALTER ROLE ef_api ${here} SET search_path = pg_temp`,
      `ALTER ROLE ef_api ${here} SET statement_timeout = '1ms'`,
      `ALTER ROLE ef_api ${here} SET idle_in_transaction_session_timeout = '1ms'`,
      `ALTER ROLE ef_api ${here} SET synchronous_commit = off`,
    ];
    try {
      for (const statement of poison) await attacker.query(statement);
      // A session without pins has them all: the control.
      assert.deepEqual(await sessionOf(database), ['off', '1ms', 'Pacific/Apia', 'on']);
      const access = await database.accessFor(['ef_api']);
      const { rows } = await access.tenant(token, async (session) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return session.query<{ seen: string[] }>({
          name: 'attack_session',
          text: `SELECT ARRAY[current_setting('row_security'), current_setting('TimeZone'), current_setting('default_transaction_read_only'),
                   current_setting('array_nulls'), (SELECT count(*)::text FROM flows)] AS seen`,
        });
      });
      assert.deepEqual(rows[0]?.seen, ['on', 'UTC', 'off', 'on', '0']);
      const alarms: unknown[] = [];
      await access.watch({ error: (found: object) => void alarms.push(found) });
      assert.equal(alarms.length, 2);
      assert.deepEqual(await storedSettings(database), []);
      assert.deepEqual(await sessionOf(database), ['on', '0', 'UTC', 'off']);
      await access.close();
    } finally {
      await attacker.end();
      await database.superuser(`ALTER ROLE ef_api RESET ALL`);
      await database.superuser(`ALTER ROLE ef_api ${here} RESET ALL`);
    }
  },
};

/** What a session of the role has that pins nothing. */
async function sessionOf(database: TestDatabase): Promise<string[]> {
  const client = connectionTo(database, 'ef_api', database.address.database);
  await client.connect();
  try {
    const settings = [
      'row_security',
      'statement_timeout',
      'TimeZone',
      'default_transaction_read_only',
    ];
    const found: string[] = [];
    for (const name of settings) {
      const { rows } = await client.query<Record<string, string>>(`SHOW ${name}`);
      found.push(Object.values(rows[0] ?? {})[0] ?? '');
    }
    return found;
  } finally {
    await client.end();
  }
}

function storedSettings(database: TestDatabase): Promise<{ settings: string[] }[]> {
  return database.superuser(
    `SELECT s.setconfig AS settings FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE r.rolname LIKE 'ef\\_%'`,
  );
}

export const SERVER_ATTACKS: readonly ServerAttack[] = [
  connectionFlood,
  neighbourDatabase,
  alterOwnRole,
];
