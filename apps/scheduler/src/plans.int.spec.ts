import { createTestDatabase, expectStablePlan, type TestDatabase } from '@easyflow/testing';
import {
  bindTicks,
  enqueueTicks,
  insertTicks,
  loadEnds,
  loadSchedules,
  moveSchedules,
  removeWork,
} from './index';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);
afterAll(() => database.drop(), 30_000);

it('the scheduler’s statements keep their plans in every state of the tables', async () => {
  await expectStablePlan(
    database,
    { role: 'ef_scheduler', text: loadSchedules.text },
    { role: 'ef_scheduler', text: loadEnds.text },
    { role: 'ef_writer', text: moveSchedules.text },
    { role: 'ef_writer', text: removeWork.text },
    { role: 'ef_writer', text: bindTicks.text },
    { role: 'ef_writer', text: insertTicks.text },
    { role: 'ef_writer', text: enqueueTicks.text },
  );
}, 120_000);
