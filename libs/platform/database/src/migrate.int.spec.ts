import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { createTestDatabase, testConnectionLimits, type TestDatabase } from '@easyflow/testing';
import { functionFiles } from './functions/apply-functions';
import { migrate } from './migrate';
import { ROLES } from './roles';

let database: TestDatabase;
let admin: Client;
const made: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new Client({ connectionString: database.databaseUrl });
  await admin.connect();
}, 60_000);

afterAll(async () => {
  for (const name of made) await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await admin.end();
  await database.drop();
});

async function emptyDatabase(): Promise<string> {
  const name = `ef_migrate_${randomBytes(6).toString('hex')}`;
  await admin.query(`CREATE DATABASE ${name}`);
  made.push(name);
  const url = new URL(database.databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function inside<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe('migrate', () => {
  it('is safe under concurrent migrators and to repeat', async () => {
    const url = await emptyDatabase();
    const lines: string[] = [];
    const run = (): Promise<void> =>
      migrate({
        url,
        profile: 'hardened',
        rolePasswords: database.rolePasswords,
        connectionLimits: testConnectionLimits,
        // Other specs make databases of this server at the same time.
        log: (line) => void (line.startsWith('closed ') || lines.push(line)),
      });
    await Promise.all([run(), run(), run()]);
    const once = lines.length;
    expect(new Set(lines).size).toBe(once);
    await run();
    expect(lines).toHaveLength(once);
    await inside(url, async (client) => {
      const { rows } = await client.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM migration.applied',
      );
      expect(lines.filter((line) => line.startsWith('migrated '))).toHaveLength(rows[0]?.n ?? 0);
    });
  }, 60_000);

  it('applies a function again that is not as its file says, with its grants and no others', async () => {
    const url = await emptyDatabase();
    const run = async (): Promise<string[]> => {
      const lines: string[] = [];
      await migrate({
        url,
        profile: 'hardened',
        rolePasswords: database.rolePasswords,
        connectionLimits: testConnectionLimits,
        log: (line) => void (line.startsWith('closed ') || lines.push(line)),
      });
      return lines;
    };
    await run();
    await inside(url, async (client) => {
      await client.query(`
        UPDATE migration.functions SET hash = 'of another release' WHERE name = 'ctx.clock_ms';
        CREATE OR REPLACE FUNCTION ctx.clock_ms() RETURNS bigint LANGUAGE sql RETURN 1;
        GRANT EXECUTE ON FUNCTION ctx.clock_ms() TO PUBLIC, ef_claim`);
      expect(await run()).toEqual(['applied 1 functions']);
      const { rows } = await client.query<{ now: string; anybody: boolean; claim: boolean }>(
        `SELECT ctx.clock_ms() AS now, has_function_privilege('public', 'ctx.clock_ms()', 'EXECUTE') AS anybody,
                has_function_privilege('ef_claim', 'ctx.clock_ms()', 'EXECUTE') AS claim`,
      );
      expect(Number(rows[0]?.now)).toBeGreaterThan(1);
      expect(rows[0]).toMatchObject({ anybody: false, claim: false });
    });
  }, 60_000);

  it('has a file for every function, and no other', async () => {
    await inside(database.databaseUrl, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT n.nspname || '.' || p.proname AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
          WHERE n.nspname IN ('ef', 'ctx') ORDER BY 1`,
      );
      const files = functionFiles().map(({ schema, name }) => `${schema}.${name}`);
      expect(rows.map(({ name }) => name)).toEqual(files.sort());
    });
  });

  it('takes an administrator without superuser in the baseline profile', async () => {
    const url = await emptyDatabase();
    const login = `ef_admin_${randomBytes(4).toString('hex')}`;
    await admin.query(`CREATE ROLE ${login} LOGIN CREATEROLE CREATEDB PASSWORD 'admin'`);
    try {
      // As on a managed server where this administrator has made the roles.
      for (const role of ['ef_owner', 'ctx_owner', 'ef_migrator', ...ROLES]) {
        await admin.query(`GRANT ${role} TO ${login} WITH ADMIN OPTION`);
      }
      await inside(url, (client) =>
        client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} OWNER TO ${login}`),
      );
      const own = new URL(url);
      own.username = login;
      own.password = 'admin';
      await migrate({
        url: own.href,
        profile: 'baseline',
        rolePasswords: {},
        connectionLimits: testConnectionLimits,
      });
      await inside(url, async (client) => {
        const { rows } = await client.query<{ owner: string }>(
          `SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relnamespace = 'ef'::regnamespace`,
        );
        expect(rows).toEqual([{ owner: 'ef_owner' }]);
      });
    } finally {
      await inside(url, (client) =>
        client.query(`REASSIGN OWNED BY ${login} TO ef_migrator; DROP OWNED BY ${login}`),
      );
      await admin.query(`DROP OWNED BY ${login}`);
      await admin.query(`DROP ROLE ${login}`);
    }
  }, 60_000);

  it('refuses what is no database URL, and says when the server is down', async () => {
    await expect(
      migrate({ url: 'mysql://x', profile: 'baseline', rolePasswords: {} }),
    ).rejects.toMatchObject({ code: 'database.url' });
    await expect(
      migrate({ url: 'postgres://a:b@127.0.0.1:1/x', profile: 'baseline', rolePasswords: {} }),
    ).rejects.toMatchObject({ code: 'database.unavailable', retryable: true });
  });
});
