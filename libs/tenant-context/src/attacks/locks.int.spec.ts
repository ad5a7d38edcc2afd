import {
  AttackBench,
  catalogueFaults,
  createTestDatabase,
  LOCK_ATTACKS,
  type TestDatabase,
} from '@easyflow/testing';
import { attackedDatabase, attacksInEachPlacement } from './attacked.test';

attacksInEachPlacement('locks and deletions', attackedDatabase(), LOCK_ATTACKS);

/** Rewrites a function with a piece of its source replaced. */
const rewrite = (signature: string, from: string, to: string): string => `
  DO $do$ DECLARE source text := pg_get_functiondef('${signature}'::regprocedure); BEGIN
    IF strpos(source, $a$${from}$a$) = 0 THEN RAISE 'nothing to replace'; END IF;
    EXECUTE replace(source, $a$${from}$a$, $b$${to}$b$);
  END $do$`;

const MUTATIONS: readonly [name: string, sql: string, seenBy: readonly string[]][] = [
  [
    'UPDATE of a table',
    'GRANT UPDATE ON ef.usage_hourly TO ef_analytics',
    ['lock_table', 'attack: lock_table'],
  ],
  [
    'DELETE from a table',
    'GRANT DELETE ON ef.work TO ef_writer',
    ['lock_table', 'attack: lock_table'],
  ],
  [
    'work of any tenant ended',
    rewrite('ctx.end_work(tid[])', 'AND (w.tenant_id = ANY (members)) IS TRUE', ''),
    ['attack: end_work_of_others'],
  ],
  [
    'work of any kind ended',
    rewrite('ctx.end_work(tid[])', 'AND (w.kind = ANY (kinds)) IS TRUE', ''),
    ['attack: end_work_of_others'],
  ],
  [
    'work ended in part',
    rewrite('ctx.end_work(tid[])', 'ended <> size', 'false'),
    ['attack: end_work_of_others'],
  ],
  [
    'outbox rows of any tenant forgotten',
    rewrite('ctx.forget_outbox(tid[])', 'AND (b.tenant_id = ANY (members)) IS TRUE', ''),
    ['attack: end_work_of_others'],
  ],
  [
    'rows of any tenant deleted',
    rewrite('ctx.delete_rows(text,text,tid[])', 'AND (r.tenant_id = ANY ($2)) IS TRUE', ''),
    ['attack: delete_rows_of_others'],
  ],
  [
    'rows of any table deleted',
    rewrite(
      'ctx.delete_rows(text,text,tid[])',
      ') IS NOT TRUE\n     OR',
      ') IS NULL AND false\n     OR',
    ),
    ['attack: delete_rows_of_others'],
  ],
];

describe('a broken schema', () => {
  it.each(MUTATIONS)(
    'is seen: %s',
    async (_name, sql, seenBy) => {
      const database: TestDatabase = await createTestDatabase();
      try {
        const bench = await AttackBench.create(database, 'shared');
        await database.superuser(sql);
        const seen = new Set(
          (await catalogueFaults(database)).map((fault) => fault.split(':')[0] ?? ''),
        );
        for (const attack of LOCK_ATTACKS.filter(({ name }) =>
          seenBy.includes(`attack: ${name}`),
        )) {
          await attack.run(bench).catch(() => seen.add(`attack: ${attack.name}`));
        }
        expect([...seen]).toEqual(expect.arrayContaining([...seenBy]));
      } finally {
        await database.drop();
      }
    },
    60_000,
  );
});
