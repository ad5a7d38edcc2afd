import { AttackBench, createTestDatabase, type TestDatabase } from '@easyflow/testing';

let database: TestDatabase;
let bench: AttackBench;

beforeAll(async () => {
  database = await createTestDatabase();
  bench = await AttackBench.create(database, 'shared');
  await database.superuser(
    `INSERT INTO ef.executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status)
     SELECT $1, gen_random_uuid(), 'n', 'f', '1', 'balanced', 'running' FROM generate_series(1, 500)`,
    [bench.a.id],
  );
}, 60_000);

afterAll(() => database.drop());

interface PlanNode {
  'Subplan Name'?: string;
  'Actual Loops'?: number;
  Filter?: string;
  Plans?: PlanNode[];
}

const nodes = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodes)];

/** A token is verified by an init plan: once a policy and statement, whatever the number of rows. */
describe('verifications of a statement', () => {
  it.each([
    ['ef_api', 'a read', 1, 'SELECT id FROM executions'],
    [
      'ef_writer',
      'an update',
      2,
      `UPDATE executions SET status = 'waiting', revision = revision + 1 WHERE status = 'running'`,
    ],
    [
      'ef_writer',
      'an insert',
      1,
      `INSERT INTO execution_history (tenant_id, execution_id, segment, items) SELECT '$A', gen_random_uuid(), g, '[]' FROM generate_series(1, 300) g`,
    ],
    [
      'ef_writer',
      'an insert with a wake',
      2,
      `WITH made AS (INSERT INTO outbox (tenant_id, id, executions, segments) VALUES ('$A', gen_random_uuid(), '{}', '{}') RETURNING id) UPDATE work SET wake_seq = wake_seq + 1 WHERE id IN (SELECT id FROM made)`,
    ],
  ] as const)('%s: %s makes %i', async (role, _what, verifications, text) => {
    await bench.inside(role, [bench.a], async (client) => {
      const statement = text.replace('$A', bench.a.id);
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
        `EXPLAIN (ANALYZE, FORMAT JSON) ${statement}`,
      );
      const plan = rows[0]?.['QUERY PLAN'][0].Plan;
      if (!plan) throw new Error('no plan');
      const all = nodes(plan);
      const checks = all.filter((node) => node['Subplan Name']?.startsWith('InitPlan'));
      const runs = checks.reduce((sum, node) => sum + (node['Actual Loops'] ?? 0), 0);
      expect(runs).toBe(verifications);
      expect(checks.every((node) => (node['Actual Loops'] ?? 0) <= 1)).toBe(true);
      // Not once in a filter, which would be once a row.
      expect(all.some((node) => /ctx\.tenants?(_in)?\(/.test(node.Filter ?? ''))).toBe(false);
    });
  });
});
