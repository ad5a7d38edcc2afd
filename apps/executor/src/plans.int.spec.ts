import type { Role } from '@easyflow/platform-database';
import { PLAN_SETTINGS } from '@easyflow/platform-database';
import { createTestDatabase, type TestDatabase, type TestTenant } from '@easyflow/testing';
import type { Client } from 'pg';
import * as executor from './index';

jest.setTimeout(120_000);

interface NamedStatement {
  readonly name: string;
  readonly text: string;
}

const STATEMENTS = Object.entries<unknown>({ ...executor }).filter(
  (entry): entry is [string, NamedStatement] =>
    typeof entry[1] === 'object' && entry[1] !== null && 'text' in entry[1],
);

/** Read by ef_worker; all others are the batch writer's. */
const READS = new Set([
  'x_load',
  'x_load_signals',
  'x_load_values',
  'x_load_events',
  'x_last_items',
  'x_document',
  'x_version',
  'x_levels',
]);

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Cond'?: string;
  'Join Filter'?: string;
  Plans?: Plan[];
}

/** Rows in `work`, `executions` and the others, and whether they have been analysed then. */
const STATES = [
  [0, false],
  [0, true],
  [300, false],
  [300, true],
  [20_000, false],
  [20_000, true],
] as const;

describe('the generic plans of the hot statements', () => {
  let database: TestDatabase;
  let tenant: TestTenant;
  const sessions = new Map<Role, Client>();

  beforeAll(async () => {
    database = await createTestDatabase();
    tenant = await database.createTenant();
    for (const role of ['ef_writer', 'ef_worker'] as const) {
      const session = await database.connectAs(role);
      for (const [name, value] of Object.entries(PLAN_SETTINGS)) {
        await session.query('SELECT set_config($1, $2, false)', [name, value]);
      }
      sessions.set(role, session);
    }
  });

  afterAll(() => database.drop());

  it('know all statements of the executor', () => {
    expect(STATEMENTS.length).toBeGreaterThanOrEqual(14);
    // The name of a placement's schema (39 characters) is added to it, and Postgres cuts names at 63.
    for (const [, { name }] of STATEMENTS) expect(name.length).toBeLessThanOrEqual(22);
  });

  it.each(STATES)('look rows up by key with %i rows, analysed: %s', async (rows, analysed) => {
    await fill(rows, analysed);
    const found: string[] = [];
    for (const [exported, { name, text }] of STATEMENTS) {
      const plan = await planOf(READS.has(name) ? 'ef_worker' : 'ef_writer', text);
      found.push(...scans(plan).map((scan) => `${exported}: ${scan}`));
    }
    expect(found).toEqual([]);
  });

  async function fill(rows: number, analysed: boolean): Promise<void> {
    const tables = [
      'work',
      'executions',
      'execution_history',
      'execution_signals',
      'execution_values',
      'outbox',
    ];
    await database.superuser(`TRUNCATE ${tables.map((table) => `ef.${table}`).join(', ')}`);
    await database.superuser(
      `WITH ids AS (SELECT gen_random_uuid() AS id FROM generate_series(1, $2)),
       e AS (INSERT INTO ef.executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status)
             SELECT $1, id, 'n', 'f', '1', 'balanced', 'pending' FROM ids),
       h AS (INSERT INTO ef.execution_history (tenant_id, execution_id, segment, items) SELECT $1, id, 1, '[]' FROM ids),
       s AS (INSERT INTO ef.execution_signals (tenant_id, id, execution_id, signal) SELECT $1, id, id, '{}' FROM ids),
       v AS (INSERT INTO ef.execution_values (tenant_id, execution_id, id, value) SELECT $1, id, 1, '{}' FROM ids),
       o AS (INSERT INTO ef.outbox (tenant_id, id, executions, segments) SELECT $1, id, ARRAY[id], '{1}' FROM ids)
       INSERT INTO ef.work (tenant_id, kind, id, due_at) SELECT $1, 'execution', id, now() FROM ids`,
      [tenant.id, rows],
    );
    if (analysed)
      await database.superuser(`ANALYZE ${tables.map((table) => `ef.${table}`).join(', ')}`);
  }

  async function planOf(role: Role, text: string): Promise<Plan> {
    const session = sessions.get(role);
    if (!session) throw new Error(`no session of ${role}`);
    await session.query('BEGIN');
    try {
      const { token } = await tenant.token(role);
      await session.query('SELECT ctx.begin($1)', [[token]]);
      // As a simple query: the parameters stay unknown, so the plan is the generic one.
      const result = await session.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`,
      );
      const plan = result.rows[0]?.['QUERY PLAN'][0].Plan;
      if (!plan) throw new Error('no plan');
      return plan;
    } finally {
      await session.query('ROLLBACK');
    }
  }
});

/** What reads more than the rows asked for. */
function scans(plan: Plan): string[] {
  const node = plan['Node Type'];
  const where = `${node} ${plan['Relation Name'] ?? ''}`;
  const own: string[] = [];
  if (node === 'Seq Scan') own.push(where);
  if (/Index (Only )?Scan/.test(node) && !plan['Index Cond'])
    own.push(`${where} without a condition`);
  if (plan['Join Filter'] !== undefined) own.push(`${where} joins by ${plan['Join Filter']}`);
  return [...own, ...(plan.Plans ?? []).flatMap(scans)];
}
