import { newId } from '@easyflow/kernel-ids';
import { createTestDatabase, waitFor, type TestDatabase, type TestTenant } from '@easyflow/testing';
import { currentTenant } from '../context/unit-of-work';
import { bisect } from './bisect';
import { bundles } from './bundles';
import { DatabaseAccess } from './database-access';

jest.setTimeout(60_000);

const INSERT = {
  name: 'spec_insert_execution',
  text: `INSERT INTO executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, input)
         SELECT t, i, 'n', 'f', '1.0.0', 'balanced', 'pending', p
           FROM unnest($1::uuid[], $2::uuid[], $3::json[]) x (t, i, p)`,
};
const READ = {
  name: 'spec_read_executions',
  text: 'SELECT tenant_id, id, input FROM executions ORDER BY id',
};

describe('DatabaseAccess on Postgres', () => {
  let database: TestDatabase;
  let access: DatabaseAccess;
  let tenants: TestTenant[];

  beforeAll(async () => {
    database = await createTestDatabase();
    access = await database.accessFor(['ef_api', 'ef_writer', 'ef_worker', 'ef_claim']);
    tenants = await Promise.all([
      database.createTenant(),
      database.createTenant(),
      database.createTenant({ placement: 'schema' }),
    ]);
  }, 60_000);

  afterAll(() => database.drop());

  async function insertFor(tenant: TestTenant, id: string, input: unknown): Promise<void> {
    const token = await tenant.token('ef_writer');
    await access.writer.transaction([token], (session) =>
      session.queryLast({ ...INSERT, values: [[tenant.id], [id], [JSON.stringify(input)]] }),
    );
  }

  it.each([0, 1, 2])('shows tenant %i its own rows and no others', async (index) => {
    const tenant = tenants[index] as TestTenant;
    const id = newId();
    await insertFor(tenant, id, { of: index });
    const rows = await access.tenant(await tenant.token('ef_api'), async (session) => {
      expect(currentTenant()).toBe(tenant.id);
      return (await session.query<{ tenant_id: string; id: string; input: unknown }>(READ)).rows;
    });
    expect(rows).toEqual([{ tenant_id: tenant.id, id, input: { of: index } }]);
  });

  it.each([
    'ef_api',
    'ef_worker',
    'ef_writer',
    'ef_registry',
    'ef_scheduler',
    'ef_analytics',
  ] as const)('bears no long statement and no idle transaction of %s', async (role) => {
    const own = await database.accessFor([role]);
    const token = await (tenants[0] as TestTenant).token(role);
    const { rows } = await own.tenant(token, (session) =>
      session.query<Record<string, string>>({
        name: 'spec_timeouts',
        text: `SELECT current_setting('statement_timeout') AS statement,
                        current_setting('idle_in_transaction_session_timeout') AS idle`,
      }),
    );
    expect(rows).toEqual([{ statement: role === 'ef_api' ? '5s' : '15s', idle: '5s' }]);
  });

  it('serves a quiet tenant at once while a noisy one has more sessions open than there are connections', async () => {
    const [noisy, quiet] = tenants as [TestTenant, TestTenant];
    const token = await noisy.token('ef_api');
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    let open = 0;
    const sessions = Array.from({ length: 20 }, () =>
      access.tenant(token, async (session) => {
        await session.query(READ);
        open += 1;
        await released;
      }),
    );
    await waitFor(() => open === 4, { describe: 'half of the connections' });
    await access.tenant(await quiet.token('ef_api'), (session) => session.query(READ));
    expect(open).toBe(4);
    release();
    await Promise.all(sessions);
    expect(open).toBe(20);
  });

  it('rolls back when work throws, and keeps the connection', async () => {
    const tenant = tenants[0] as TestTenant;
    const id = newId();
    const token = await tenant.token('ef_writer');
    await expect(
      access.writer.transaction([token], async (session) => {
        await session.query({ ...INSERT, values: [[tenant.id], [id], ['{}']] });
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(await database.superuser('SELECT 1 FROM ef.executions WHERE id = $1', [id])).toEqual([]);
    await insertFor(tenant, id, {});
  });

  it('rejects when a statement failed although work went on', async () => {
    const tenant = tenants[0] as TestTenant;
    const id = newId();
    const token = await tenant.token('ef_writer');
    const insert = { ...INSERT, values: [[tenant.id], [id], ['{}']] };
    await expect(
      access.writer.transaction([token], async (session) => {
        await session.query(insert);
        await session.query(insert).catch(() => undefined);
        return 'done';
      }),
    ).rejects.toMatchObject({ code: 'database.statement_refused', sqlState: '23505' });
    expect(await database.superuser('SELECT 1 FROM ef.executions WHERE id = $1', [id])).toEqual([]);
  });

  it('does not commit when a value cannot be written to the wire', async () => {
    const tenant = tenants[0] as TestTenant;
    const id = newId();
    const token = await tenant.token('ef_writer');
    const circular: unknown[] = [];
    circular.push({ circular });
    await expect(
      access.writer.transaction([token], async (session) => {
        const first = session.query({ ...INSERT, values: [[tenant.id], [id], ['{}']] });
        const second = session.queryLast({
          name: 'spec_circular',
          text: 'SELECT $1::json',
          values: [circular[0]],
        });
        await Promise.all([first, second]);
      }),
    ).rejects.toThrow();
    expect(await database.superuser('SELECT 1 FROM ef.executions WHERE id = $1', [id])).toEqual([]);
  });

  it('deals bundled reads to the tenants they belong to', async () => {
    const [a, b] = tenants as [TestTenant, TestTenant];
    const ids = [newId(), newId()];
    await insertFor(a, ids[0] as string, 'a');
    await insertFor(b, ids[1] as string, 'b');
    const tokens = await Promise.all([a.token('ef_worker'), b.token('ef_worker')]);
    const dealt = await access.reader.read<{ tenant_id: string; input: unknown }>(tokens, {
      name: 'spec_bundle',
      text: 'SELECT tenant_id, input FROM executions WHERE id = ANY ($1::uuid[])',
      values: [ids],
    });
    expect(dealt.get(a.id)).toEqual([{ tenant_id: a.id, input: 'a' }]);
    expect(dealt.get(b.id)).toEqual([{ tenant_id: b.id, input: 'b' }]);
  });

  it('refuses a second tenant inside a unit of work', async () => {
    const [a, b] = await Promise.all(tenants.map((tenant) => tenant.token('ef_api')));
    if (!a || !b) throw new Error('two tokens');
    await expect(
      access.tenant(a, () => access.tenant(b, async () => undefined)),
    ).rejects.toMatchObject({ code: 'tenant.second_tenant' });
    await expect(access.tenant(a, async () => 'alone')).resolves.toBe('alone');
  });

  it('claims, renews, opens, wakes and releases work', async () => {
    const tenant = tenants[2] as TestTenant;
    const ids = [newId(), newId()].sort();
    const [, eco] = ids as [string, string];
    await access.tenant(await tenant.token('ef_writer'), (session) =>
      session.query({
        name: 'spec_enqueue',
        text: `SELECT * FROM ctx.enqueue($1::uuid[], $2::text[], $3::uuid[], $4::smallint[], $5::timestamptz[])`,
        values: [[tenant.id, tenant.id], ['execution', 'execution'], ids, [0, 1], [null, null]],
      }),
    );
    const owner = await database.registerOwner('executor');
    const before = performance.now();
    const first = await access.claims.claim(owner, ['execution'], 1);
    const second = await access.claims.claim(owner, ['execution'], 10, 20_000);
    expect(first.map((lease) => lease.id)).toEqual([ids[0]]);
    expect(second.map((lease) => lease.id)).toEqual([eco]);
    expect(second[0]).toMatchObject({ tenantId: tenant.id, claimNo: 1, wakeSeq: 0 });
    expect(second[0]?.deadline).toBeGreaterThanOrEqual(before + 20_000);
    expect(await access.claims.claim(owner, ['execution'], 10)).toEqual([]);

    const tokens = await access.claims.open(owner, first);
    expect(tokens.map((token) => token.audience).sort()).toEqual(['ef_worker', 'ef_writer']);
    expect(tokens.every((token) => token.placement.schema.startsWith('tenant_'))).toBe(true);
    const worker = tokens.find((token) => token.audience === 'ef_worker');
    if (!worker) throw new Error('a token of ef_worker');
    await expect(access.tenant(worker, (s) => s.query(READ))).resolves.toBeDefined();

    const renewed = await access.claims.renew(owner, [...first, ...second], 30_000);
    expect(renewed.map((lease) => lease.id).sort()).toEqual(ids);
    await access.claims.release(owner, renewed);
    const again = await access.claims.claim(owner, ['execution'], 10);
    expect(again.map((lease) => lease.claimNo)).toEqual([2, 2]);
    expect(await access.claims.renew(owner, first)).toEqual([]);
    await access.claims.release(owner, again);
  });

  it('audits claims, and forgets them after a week, a few at a time', async () => {
    const tenant = tenants[0] as TestTenant;
    await database.superuser('DELETE FROM ctx.lease_audit');
    await database.superuser('DELETE FROM ef.work');
    await database.superuser(
      `INSERT INTO ctx.lease_audit (owner, taken_at, leases, lease_until, tenants)
       SELECT 'old', now() - interval '8 days', 1, now(), '{}' FROM generate_series(1, 6)`,
    );
    const owner = await database.registerOwner('executor');
    for (let left = 2; left >= 0; left -= 2) {
      await database.superuser(
        `INSERT INTO ef.work (tenant_id, kind, id, due_at) VALUES ($1, 'execution', $2, now())`,
        [tenant.id, newId()],
      );
      expect(await access.claims.claim(owner, ['execution'], 10)).toHaveLength(1);
      const rows = await database.superuser<{ owner: string }>('SELECT owner FROM ctx.lease_audit');
      expect(rows.filter((row) => row.owner === 'old')).toHaveLength(left);
    }
    const audited = await database.superuser(
      'SELECT leases, tenants FROM ctx.lease_audit WHERE owner = $1',
      [owner.owner],
    );
    expect(audited).toEqual(Array(2).fill({ leases: 1, tenants: [tenant.id] }));
  });

  it('commits the other members of a batch with poison, expired and locked ones', async () => {
    const many = await Promise.all(Array.from({ length: 10 }, () => database.createTenant()));
    const locked = many[3] as TestTenant;
    const poisoned = many[5] as TestTenant;
    const old = many[7] as TestTenant;
    const items = await Promise.all(
      many.map(async (tenant) => ({
        id: newId(),
        token: await tenant.token('ef_writer', tenant === old ? 1 : 60_000),
        input: tenant === poisoned ? '"\\u0000' : '{"fine": true}',
      })),
    );
    await database.superuser('BEGIN');
    await database.superuser('SELECT pg_advisory_xact_lock(uuid_hash_extended($1::uuid, 20250))', [
      locked.id,
    ]);
    const { bundles: made, expired } = bundles(items, 300, Date.now());
    expect(expired.map((item) => item.token.tenantId)).toEqual([old.id]);
    const outcomes = await bisect(
      made.flatMap((bundle) => bundle.items),
      async (part) => {
        await access.writer.transaction(
          part.map((item) => item.token),
          (session) =>
            session.queryLast({
              ...INSERT,
              values: [
                part.map((item) => item.token.tenantId),
                part.map((item) => item.id),
                part.map((item) => item.input),
              ],
            }),
        );
        return part.map(() => 'stored');
      },
      (item) => item.token.tenantId,
    );
    await database.superuser('ROLLBACK');
    const failed = outcomes.filter((outcome) => outcome.error);
    expect(failed.map((outcome) => outcome.item.token.tenantId).sort()).toEqual(
      [locked.id, poisoned.id].sort(),
    );
    const stored = await database.superuser<{ n: number }>(
      'SELECT count(*)::int AS n FROM ef.executions WHERE id = ANY ($1::uuid[])',
      [items.map((item) => item.id)],
    );
    expect(stored[0]?.n).toBe(7);
  });

  it('says at once that the database is down, and recovers by itself', async () => {
    const token = await (tenants[0] as TestTenant).token('ef_api');
    await expect(access.ping()).resolves.toBeUndefined();
    await database.superuser(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'ef_api'`,
    );
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => access.tenant(token, (s) => s.query(READ))),
    );
    for (const answer of answers) {
      if (answer.status === 'rejected') {
        expect(answer.reason).toMatchObject({ code: 'database.unavailable', retryable: true });
      }
    }
    await expect(access.tenant(token, (s) => s.query(READ))).resolves.toBeDefined();
    expect(access.isUp()).toBe(true);

    const nowhere = await DatabaseAccess.connect({
      ...database.address,
      port: 1,
      passwords: database.rolePasswords,
    });
    await expect(nowhere.tenant(token, (s) => s.query(READ))).rejects.toMatchObject({
      code: 'database.unavailable',
    });
    expect(nowhere.isUp()).toBe(false);
    await nowhere.close();
  });
});
