import { createTestDatabase, expectStablePlan, type TestDatabase } from '@easyflow/testing';
import { lockWork, restWork } from './leases/work.statements';
import { countNew } from './rollup/rollup.statements';
import { sweepKeys } from './sweep/sweep.statements';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);
afterAll(() => database.drop(), 30_000);

it('the statements of a sweep keep their plans in every state of the tables', async () => {
  await expectStablePlan(
    database,
    { role: 'ef_analytics', text: sweepKeys.text },
    { role: 'ef_analytics', text: lockWork.text },
    { role: 'ef_analytics', text: restWork.text },
  );
}, 120_000);

it('a count reads the blocks of its time or the tenant’s rows, in no state of the tables all of them', async () => {
  await expectStablePlan(database, {
    role: 'ef_analytics',
    text: countNew.text,
    ranges: { executions_ended: ['ended_at'], executions_pkey: ['tenant_id'] },
  });
}, 120_000);
