import { createTestDatabase, type TestDatabase } from '@easyflow/testing';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.registerOwner('executor', 'first');
  await database.superuser(
    `INSERT INTO ctx.owners (owner, workload, secret_hash, kinds, audiences, registered_at)
     SELECT 'executor.pod-' || g, o.workload, o.secret_hash, o.kinds, o.audiences, now() - interval '2 days'
       FROM ctx.owners o, generate_series(1, 255) g WHERE o.owner = 'executor.first'`,
  );
}, 60_000);

afterAll(() => database.drop());

const slots = async () => {
  const rows = await database.superuser<{ owner: string }>(
    `SELECT owner FROM ctx.owners WHERE workload = 'executor' ORDER BY owner`,
  );
  return rows.map(({ owner }) => owner);
};

it('makes room for a new slot by dropping those that claimed nothing for a day', async () => {
  await database.superuser(
    `INSERT INTO ctx.lease_audit (owner, taken_at, leases, lease_until, tenants)
     VALUES ('executor.pod-7', now() - interval '1 hour', 1, now() - interval '1 hour', '{}')`,
  );
  await database.registerOwner('executor', 'new');
  expect(await slots()).toEqual(['executor.first', 'executor.new', 'executor.pod-7']);
});

it('refuses a slot more than the number while all are in use', async () => {
  await database.superuser(
    `INSERT INTO ctx.owners (owner, workload, secret_hash, kinds, audiences)
     SELECT 'executor.busy-' || g, o.workload, o.secret_hash, o.kinds, o.audiences
       FROM ctx.owners o, generate_series(1, 253) g WHERE o.owner = 'executor.first'`,
  );
  await expect(database.registerOwner('executor', 'one-more')).rejects.toThrow();
  expect(await slots()).toHaveLength(256);
});
