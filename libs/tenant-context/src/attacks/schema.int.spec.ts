import {
  AttackBench,
  CATALOGUE_CHECKS,
  catalogueFaults,
  createTestDatabase,
  SESSION_ROLES,
  tableReport,
  type TestDatabase,
} from '@easyflow/testing';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);

afterAll(() => database.drop());

describe.each(['shared', 'schema'] as const)('every table in the %s placement', (placement) => {
  let bench: AttackBench;

  beforeAll(async () => {
    bench = await AttackBench.create(database, placement);
  }, 60_000);

  it.each(SESSION_ROLES)(
    'shows, takes and gives tenant B nothing of %s in the context of A',
    async (role) => {
      const report = await tableReport(bench, [role]);
      expect(report).toMatchObject({ breaches: [], failedControls: [] });
      expect(report.attempts).toBeGreaterThan(5);
    },
    60_000,
  );
});

describe('the catalogue', () => {
  it('holds nothing against isolation', async () => {
    expect(CATALOGUE_CHECKS.length).toBeGreaterThan(20);
    expect(await catalogueFaults(database)).toEqual([]);
  });
});
