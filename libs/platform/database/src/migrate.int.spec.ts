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

  it('lists the executions of all placements that were there before lists were', async () => {
    const own = await createTestDatabase();
    try {
      const { id } = await own.createTenant({ placement: 'schema' });
      const places = ['ef', `tenant_${id.replaceAll('-', '')}`];
      await own.superuser('SET session_replication_role = replica');
      for (const place of places) {
        await own.superuser(`DROP TABLE ${place}.ended_executions`);
        await own.superuser(
          `INSERT INTO ${place}.executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status)
           SELECT $1, ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'n', 'f', '1', 'eco',
                  CASE WHEN n > 3 THEN 'completed' ELSE (ARRAY['faulted', 'waiting', 'pending'])[n] END
             FROM generate_series(1, 1200) n`,
          [id],
        );
      }
      await own.superuser('DROP INDEX ef.flows_active, ef.flow_versions_newest');
      await own.superuser('ALTER TABLE ef.work DROP COLUMN flow_key, DROP COLUMN status');
      await own.superuser(
        `INSERT INTO ef.work (tenant_id, kind, id, due_at) SELECT tenant_id, 'execution', id, now() FROM ef.executions WHERE status IN ('waiting', 'pending')`,
      );
      await own.superuser('RESET session_replication_role');
      await own.superuser(`DELETE FROM migration.applied WHERE name LIKE 'execution_lists%'`);
      await migrate({
        url: own.databaseUrl,
        profile: 'hardened',
        rolePasswords: own.rolePasswords,
        connectionLimits: testConnectionLimits,
      });
      for (const place of places) {
        const found = await own.superuser<{ status: string; ids: number; most: number }>(
          `SELECT status, sum(cardinality(ids))::int AS ids, max(cardinality(ids)) AS most FROM ${place}.ended_executions
            WHERE tenant_id = $1 AND flow_key = hashtextextended('n/f', 0) GROUP BY status ORDER BY status`,
          [id],
        );
        expect(found).toEqual([
          { status: 'completed', ids: 1197, most: 500 },
          { status: 'faulted', ids: 1, most: 1 },
        ]);
        const forced = await own.superuser<{ name: string }>(
          `SELECT relname::text AS name FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r' AND NOT relforcerowsecurity`,
          [place],
        );
        expect(forced).toEqual([]);
      }
      expect(
        await own.superuser(
          `SELECT status FROM ef.work WHERE tenant_id = $1 AND kind = 'execution' AND flow_key = hashtextextended('n/f', 0) ORDER BY 1`,
          [id],
        ),
      ).toEqual([{ status: 'pending' }, { status: 'waiting' }]);
    } finally {
      await own.drop();
    }
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
