import { createTestDatabase, type TestDatabase } from '@easyflow/testing';
import { migrationText } from './migrations/sql-migration';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);
afterAll(() => database.drop());

/** The table as 0009 leaves it where rows were there that its check refuses. */
async function withOldRows(table: string, rows: string): Promise<void> {
  const [check] = await database.superuser<{ name: string; definition: string }>(
    `SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
      WHERE conrelid = $1::regclass AND contype = 'c' AND conname LIKE '%\\_values'`,
    [table],
  );
  if (!check) throw new Error(`${table} has no check`);
  await database.superuser(`ALTER TABLE ${table} DROP CONSTRAINT ${check.name}`);
  await database.superuser(rows);
  await database.superuser(
    `ALTER TABLE ${table} ADD CONSTRAINT ${check.name} ${check.definition} NOT VALID`,
  );
}

async function state(table: string): Promise<{ validated: boolean; forced: boolean } | undefined> {
  const [row] = await database.superuser<{ validated: boolean; forced: boolean }>(
    `SELECT k.convalidated AS validated, c.relforcerowsecurity AS forced FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
      WHERE c.oid = $1::regclass AND k.conname LIKE '%\\_values'`,
    [table],
  );
  return row;
}

it('repairs times without end, passes by what it cannot repair, and stops for no row', async () => {
  const tenant = await database.createTenant({ placement: 'schema' });
  const schema = `tenant_${tenant.id.replaceAll('-', '')}`;
  const execution = (place: string, namespace: string, created: string) =>
    `INSERT INTO ${place}.executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status, created_at)
     VALUES ('${tenant.id}', gen_random_uuid(), '${namespace}', 'f', '1', 'balanced', 'running', '${created}')`;
  const long = 'x'.repeat(100);
  await withOldRows(`${schema}.executions`, execution(schema, 'n', 'infinity'));
  await withOldRows(
    'ef.executions',
    `${execution('ef', 'n', '-infinity')}; ${execution('ef', long, 'now')}`,
  );
  await withOldRows(
    'ef.work',
    `INSERT INTO ef.work (tenant_id, kind, id, due_at) VALUES ('${tenant.id}', 'execution', gen_random_uuid(), 'infinity'),
       ('${tenant.id}', 'execution', gen_random_uuid(), '-infinity')`,
  );

  await database.superuser(`BEGIN; ${migrationText('0010-validate-values.sql')}; COMMIT`);

  expect(await state(`${schema}.executions`)).toEqual({ validated: true, forced: true });
  expect(await state('ef.work')).toEqual({ validated: true, forced: true });
  expect(await state('ef.executions')).toEqual({ validated: false, forced: true });
  const rows = await database.superuser(
    `SELECT length(flow_namespace) AS length, isfinite(created_at) AS finite FROM ef.executions ORDER BY 1`,
  );
  expect(rows).toEqual([
    { length: 1, finite: true },
    { length: 100, finite: true },
  ]);
  const due = await database.superuser(
    `SELECT due_at = 'infinity' AS never FROM ef.work WHERE kind = 'execution' ORDER BY 1`,
  );
  expect(due).toEqual([{ never: false }, { never: true }]);
});
