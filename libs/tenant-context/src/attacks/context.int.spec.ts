import {
  AttackBench,
  CONTEXT_ATTACKS,
  createTestDatabase,
  SCHEMA_ATTACKS,
  type TestDatabase,
} from '@easyflow/testing';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);

afterAll(() => database.drop());

describe.each(['shared', 'schema'] as const)('attacks in the %s placement', (placement) => {
  let bench: AttackBench;

  beforeAll(async () => {
    bench = await AttackBench.create(database, placement);
  }, 60_000);

  it.each([...CONTEXT_ATTACKS, ...SCHEMA_ATTACKS].map((attack) => [attack.name, attack] as const))(
    '%s',
    (_name, attack) => attack.run(bench),
    30_000,
  );
});
