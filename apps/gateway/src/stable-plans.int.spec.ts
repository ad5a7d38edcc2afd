import { createTestDatabase, expectStablePlan, type TestDatabase } from '@easyflow/testing';
import { acceptExecutions, bindKeys, readBoundKeys } from './acceptance/acceptance.statements';
import { insertSignal, readExecution, wakeExecution } from './executions/execution.statements';
import { readResults } from './results/results.statements';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);
afterAll(() => database.drop(), 30_000);

it('the gateway’s hot statements keep their plans in every state of the tables', async () => {
  await expectStablePlan(
    database,
    { role: 'ef_writer', text: acceptExecutions.text },
    { role: 'ef_writer', text: bindKeys.text },
    { role: 'ef_writer', text: readBoundKeys.text },
    { role: 'ef_api', text: readResults.text },
    { role: 'ef_api', text: readExecution.text },
    { role: 'ef_api', text: wakeExecution.text },
    { role: 'ef_api', text: insertSignal.text },
  );
}, 120_000);
