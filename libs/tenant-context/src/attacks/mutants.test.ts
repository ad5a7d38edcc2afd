import {
  ARGUMENT_ATTACKS,
  AttackBench,
  BINDING_ATTACKS,
  BUNDLE_ATTACKS,
  catalogueFaults,
  CLAIM_ATTACKS,
  CONTEXT_ATTACKS,
  createTestDatabase,
  ROW_ATTACKS,
  SCHEMA_ATTACKS,
  SESSION_ROLES,
  SETTINGS_ATTACKS,
  SLOT_ATTACKS,
  tableReport,
} from '@easyflow/testing';

/** A way to break isolation, its SQL, and what must see it: a check of the catalogue, `tables as <role>`, or an attack. */
export type Mutation = readonly [name: string, sql: string, seenBy: readonly string[]];

/** Rewrites a function, which no other has the name of, with a piece of its source replaced. */
export const rewrite = (name: string, from: string, to: string): string => `
  DO $do$ DECLARE source text := pg_get_functiondef('${name.split('(')[0]}'::regproc); BEGIN
    IF strpos(source, $a$${from}$a$) = 0 THEN RAISE 'nothing to replace'; END IF;
    EXECUTE replace(source, $a$${from}$a$, $b$${to}$b$);
  END $do$`;

const ATTACKS = [
  ...CONTEXT_ATTACKS,
  ...SCHEMA_ATTACKS,
  ...CLAIM_ATTACKS,
  ...BUNDLE_ATTACKS,
  ...SETTINGS_ATTACKS,
  ...ARGUMENT_ATTACKS,
  ...BINDING_ATTACKS,
  ...ROW_ATTACKS,
  ...SLOT_ATTACKS,
];

/** A test a mutation: a suite that passes on a broken schema proves nothing. */
export function seesEvery(mutations: readonly Mutation[]): void {
  it.each(mutations)(
    'is seen: %s',
    async (_name, sql, seenBy) => {
      const database = await createTestDatabase();
      try {
        const bench = await AttackBench.create(database, 'shared');
        await database.superuser(sql);
        const faults = await catalogueFaults(database);
        const seen = new Set(faults.map((fault) => fault.split(':')[0] ?? ''));
        for (const attack of ATTACKS.filter(({ name }) => seenBy.includes(name))) {
          await attack.run(bench).catch(() => seen.add(attack.name));
        }
        for (const role of SESSION_ROLES.filter((each) => seenBy.includes(`tables as ${each}`))) {
          const { breaches } = await tableReport(bench, [role]);
          if (breaches.length > 0) seen.add(`tables as ${role}`);
        }
        expect([...seen]).toEqual(expect.arrayContaining([...seenBy]));
      } finally {
        await database.drop();
      }
    },
    60_000,
  );
}
