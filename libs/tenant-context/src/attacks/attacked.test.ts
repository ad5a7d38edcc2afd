import { AttackBench, createTestDatabase, type Attack, type TestDatabase } from '@easyflow/testing';

/** Has a database that the attacks of a file share, from before its tests until after them. */
export function attackedDatabase(): () => TestDatabase {
  let database: TestDatabase | undefined;
  beforeAll(async () => {
    database = await createTestDatabase();
  }, 60_000);
  afterAll(() => database?.drop());
  return () => {
    if (!database) throw new Error('The database did not start; see the first failure');
    return database;
  };
}

/** The tests of a `describe` for each placement, with canaries of two tenants in it. */
export function inEachPlacement(
  title: string,
  database: () => TestDatabase,
  tests: (bench: () => AttackBench) => void,
): void {
  describe.each(['shared', 'schema'] as const)(`${title} in the %s placement`, (placement) => {
    let bench: AttackBench | undefined;
    beforeAll(async () => {
      bench = await AttackBench.create(database(), placement);
    }, 60_000);
    tests(() => {
      if (!bench) throw new Error('There is no bench; see the first failure');
      return bench;
    });
  });
}

/** Every attack in each placement. */
export function attacksInEachPlacement(
  title: string,
  database: () => TestDatabase,
  attacks: readonly Attack[],
): void {
  inEachPlacement(title, database, (bench) => {
    it.each(attacks.map((attack) => [attack.name, attack] as const))(
      '%s',
      (_name, attack) => attack.run(bench()),
      30_000,
    );
  });
}
