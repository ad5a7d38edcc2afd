import { newId } from '@easyflow/kernel-ids';
import { createTestDatabase, type TestDatabase, type TestTenant } from '@easyflow/testing';
import type { DatabaseAccess } from './database-access';
import type { LeaseOwner } from './lease';

let database: TestDatabase;
let access: DatabaseAccess;
let owner: LeaseOwner;
let tenants: TestTenant[];

beforeAll(async () => {
  database = await createTestDatabase();
  access = await database.accessFor(['ef_claim']);
  tenants = await Promise.all([database.createTenant(), database.createTenant()]);
}, 60_000);
beforeEach(async () => {
  owner = await database.registerOwner('executor');
  await database.superuser('DELETE FROM ef.work');
  await database.superuser(
    `INSERT INTO ef.work (tenant_id, kind, id, due_at) SELECT t, 'execution', gen_random_uuid(), now() FROM unnest($1::uuid[]) t`,
    [tenants.map(({ id }) => id)],
  );
});
afterAll(() => database.drop());

const audits = () =>
  database.superuser<{ leases: number; tenants: string[]; lease_until: Date }>(
    'SELECT leases, tenants, lease_until FROM ctx.lease_audit WHERE owner = $1 ORDER BY id',
    [owner.owner],
  );

it('has a row a renewal, so that a lease that lives has one that does not end before it', async () => {
  const leases = await access.claims.claim(owner, ['execution'], 10, 5_000);
  expect(leases).toHaveLength(2);
  const [first] = leases;
  if (!first) throw new Error('nothing was claimed');
  await access.claims.renew(owner, leases, 20_000);
  const [again] = await access.claims.renew(owner, [first], 30_000);
  const rows = await audits();
  expect(rows.map((row) => [row.leases, row.tenants.length])).toEqual([
    [2, 2],
    [2, 2],
    [1, 1],
  ]);
  expect(rows[2]?.tenants).toEqual([first.tenantId]);
  expect(rows[2]?.lease_until.getTime()).toBe(Math.trunc(again?.leaseUntil ?? 0));
  // What is not held is not renewed, and not audited.
  await access.claims.renew(owner, [{ ...first, id: newId() }], 30_000);
  expect(await audits()).toHaveLength(3);
});

it('loses what is older than a week, and never the row of a lease that has not ended', async () => {
  await database.superuser(
    `INSERT INTO ctx.lease_audit (owner, taken_at, leases, lease_until, tenants)
     SELECT $1, now() - interval '8 days', n, now() + CASE WHEN n = 1 THEN interval '1 minute' ELSE interval '-8 days' END, '{}'
       FROM generate_series(1, 3) n`,
    [owner.owner],
  );
  const leases = await access.claims.claim(owner, ['execution'], 10, 5_000);
  await access.claims.renew(owner, leases, 20_000);
  expect((await audits()).map(({ leases: count }) => count)).toEqual([1, 2, 2]);
});
