import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { AttackBench, refused, works } from '@easyflow/testing';
import type { DatabaseAccess } from '../access/database-access';
import type { TenantSession } from '../access/sessions';
import type { TenantToken } from '../context/tenant';
import { currentTenant } from '../context/unit-of-work';
import { attackedDatabase } from './attacked.test';

const EXECUTIONS = { name: 'executions', text: 'SELECT tenant_id FROM executions' };
const SESSION = {
  name: 'session',
  text: `SELECT current_user::text AS "user", session_user::text AS login, current_setting('search_path') AS path,
                current_setting('row_security') AS rls, pg_backend_pid() AS pid`,
};

const database = attackedDatabase();
let bench: AttackBench;
let access: DatabaseAccess;
let tokens: { a: TenantToken; b: TenantToken };

beforeAll(async () => {
  bench = await AttackBench.create(database(), 'shared');
}, 60_000);

beforeEach(async () => {
  // One connection: what A leaves behind, B finds.
  access = await database().accessFor(['ef_api'], { poolSizes: { ef_api: 1 } });
  tokens = { a: await bench.a.token('ef_api'), b: await bench.b.token('ef_api') };
});

afterEach(() => access.close());

const attack = (text: string): Promise<unknown> =>
  access.tenant(tokens.a, (session) =>
    session.query({ name: createHash('sha256').update(text).digest('hex').slice(0, 32), text }),
  );

async function tenantsSeenByB(): Promise<string[]> {
  const { rows } = await access.tenant(tokens.b, (session) =>
    session.query<{ tenant_id: string }>(EXECUTIONS),
  );
  return rows.map((row) => row.tenant_id);
}

async function expectCleanSession(): Promise<void> {
  expect(await tenantsSeenByB()).toEqual([bench.b.id]);
  const { rows } = await access.tenant(tokens.b, (session) => session.query(SESSION));
  expect(rows[0]).toMatchObject({ user: 'ef_api', login: 'ef_api', path: 'ef', rls: 'on' });
}

describe('what one tenant leaves in a pooled connection', () => {
  it('rollback_then_reuse', async () => {
    await expect(
      access.tenant(tokens.a, async (session) => {
        await session.query(EXECUTIONS);
        throw new Error('stop');
      }),
    ).rejects.toThrow('stop');
    await expect(attack('SELECT 1 / 0')).rejects.toMatchObject({ sqlState: '22012' });
    await expectCleanSession();
  });

  it('unreleased_transaction', async () => {
    const left: TenantSession[] = [];
    for (let round = 0; round < 20; round += 1) {
      await access.tenant(tokens.a, async (session) => {
        left.push(session);
        void session.query(EXECUTIONS);
      });
    }
    // A session that outlives its transaction is dead, also while another tenant uses the connection.
    await access.tenant(tokens.b, async (session) => {
      for (const old of left) {
        expect(() => old.query(EXECUTIONS)).toThrow(/after the last one/);
      }
      await session.query(EXECUTIONS);
    });
    await expectCleanSession();
  });

  it('temp_shadow', async () => {
    await expect(attack('CREATE TEMP TABLE executions (tenant_id uuid)')).rejects.toMatchObject({
      code: 'database.not_a_data_statement',
    });
    await expect(
      attack('SELECT NULL::uuid AS tenant_id INTO TEMP executions'),
    ).rejects.toMatchObject({ code: 'tenant.refused' });
    await expectCleanSession();
  });

  it.each([
    ['hold_cursor', 'DECLARE leak CURSOR WITH HOLD FOR SELECT * FROM executions'],
    ['prepared_shadow', 'PREPARE "executions@ef" AS SELECT 1'],
    ['role_leak', 'SET ROLE ef_worker'],
    ['reset_role_escape', 'RESET ROLE'],
    ['a session setting', "SET search_path = 'pg_temp'"],
    ['a listener', 'LISTEN leak'],
    ['a transaction of its own', 'COMMIT'],
    ['a copy', 'COPY executions TO STDOUT'],
    ['a comment before it', '/* select */ DISCARD ALL'],
  ])('%s: no statement that outlives the transaction is sent', async (_name, text) => {
    await expect(attack(text)).rejects.toMatchObject({ code: 'database.not_a_data_statement' });
    await expect(attack('SELECT 1')).resolves.toBeDefined();
    await expectCleanSession();
  });

  it('prepared_shadow: one name with two texts', async () => {
    const named = (text: string): Promise<unknown> =>
      access.tenant(tokens.a, (session) => session.query({ name: 'shadowed', text }));
    await named('SELECT 1');
    await expect(named('SELECT tenant_id FROM executions')).rejects.toThrow();
    await expect(named('SELECT 1')).resolves.toBeDefined();
    await expectCleanSession();
  });

  it('role_leak by function', async () => {
    for (const role of ['ef_worker', 'ef_owner', 'ctx_owner', 'postgres']) {
      await expect(attack(`SELECT set_config('role', '${role}', false)`)).rejects.toMatchObject({
        code: 'tenant.refused',
      });
    }
    await expectCleanSession();
  });

  it('reset_role_escape, with a raw connection', async () => {
    await bench.inside('ef_api', [bench.a], async (client) => {
      await refused(client, 'SET SESSION AUTHORIZATION postgres');
      for (const role of ['ef_owner', 'ctx_owner', 'ef_worker', 'ef_writer', 'postgres']) {
        await refused(client, `SET ROLE ${role}`);
      }
      await client.query('RESET ROLE');
      await client.query('RESET SESSION AUTHORIZATION');
      await works(client, `SELECT 1 WHERE current_user = 'ef_api' AND session_user = 'ef_api'`);
    });
  });

  it('search_path_poison', async () => {
    const placed = await AttackBench.create(database(), 'schema');
    await attack(`SELECT set_config('search_path', '${placed.b.schema}', false)`);
    await expectCleanSession();
    // A poisoned session of another placement, too.
    const own = await placed.a.token('ef_api');
    await attack(`SELECT set_config('search_path', 'pg_temp, public', false)`);
    const { rows } = await access.tenant(own, (session) =>
      session.query<{ tenant_id: string }>(EXECUTIONS),
    );
    expect(rows).toEqual([{ tenant_id: placed.a.id }]);
    await expectCleanSession();
  });

  it('closes a connection whose context was refused', async () => {
    const pid = async (): Promise<number | undefined> => {
      const { rows } = await access.tenant(tokens.b, (s) => s.query<{ pid: number }>(SESSION));
      return rows[0]?.pid;
    };
    const before = await pid();
    expect(await pid()).toBe(before);
    await attack(`SELECT set_config('row_security', 'off', false)`);
    await expect(tenantsSeenByB()).rejects.toMatchObject({ code: 'tenant.refused' });
    expect(await pid()).not.toBe(before);
    await expectCleanSession();
  });

  it('async_interleave', async () => {
    const wide = await database().accessFor(['ef_api'], { poolSizes: { ef_api: 6 } });
    const both = [tokens.a, tokens.b];
    const seen = await Promise.all(
      Array.from({ length: 1_000 }, async (_, index) => {
        const token = both[index % 2] as TenantToken;
        return wide.tenant(token, async (session) => {
          const before = currentTenant();
          const { rows } = await session.query<{ tenant_id: string }>(EXECUTIONS);
          if (index % 3 === 0) await new Promise(setImmediate);
          return [token.tenantId, before, currentTenant(), ...rows.map((row) => row.tenant_id)];
        });
      }),
    );
    for (const [first, ...others] of seen) {
      expect(others).toEqual([first, first, first]);
    }
    await wide.close();
  }, 60_000);
});

/** TypeORM's query cache keys hold no tenant, so nothing of ours uses it, nor TypeORM for tenants' rows at all. */
it('orm_cache', async () => {
  const root = path.join(__dirname, '../../../..');
  const users: string[] = [];
  for (const top of ['apps', 'libs']) {
    for (const entry of await readdir(path.join(root, top), {
      recursive: true,
      withFileTypes: true,
    })) {
      const file = path.join(entry.parentPath, entry.name);
      if (
        !entry.isFile() ||
        !file.endsWith('.ts') ||
        /\/(dist|node_modules)\/|\.spec\.ts$/.test(file)
      )
        continue;
      const text = await readFile(file, 'utf8');
      if (!text.includes("from 'typeorm'")) continue;
      users.push(path.relative(root, file));
      expect(text).not.toMatch(/\bcache\b/);
    }
  }
  expect(users.sort()).toEqual([
    'libs/platform/database/src/migrate.ts',
    'libs/platform/database/src/migrations/sql-migration.ts',
  ]);
});
