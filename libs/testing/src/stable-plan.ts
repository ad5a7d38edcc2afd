import type { Client } from 'pg';
import { planSettings, type Role } from '@easyflow/platform-database';
import type { TestDatabase } from './test-database';

/** Rows of the filled tables in each state; each is looked at before and after ANALYZE. */
const SIZES = [0, 300, 20_000] as const;

/** Tables that grow and shrink on the hot road. */
const FILLED = [
  'work',
  'outbox',
  'executions',
  'execution_history',
  'execution_signals',
  'execution_values',
  'idempotency_keys',
] as const;

export interface HotStatement {
  role: Role;
  /** As it is prepared; tables unqualified. */
  text: string;
  /**
   * Index columns that bound a scan where not all columns of the index are given, by index name:
   * a range or a list that is meant. Everything else must name all columns of its index.
   */
  ranges?: Readonly<Record<string, readonly string[]>>;
}

/** One of the six states a plan must survive. */
export interface PlanState {
  rows: number;
  analysed: boolean;
}

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Join Filter'?: string;
  Plans?: PlanNode[];
}

/**
 * Brings the tables into each of the six states (0, 300 and 20,000 rows of ten tenants, before and
 * after ANALYZE) and runs `look` in it. Statistics are those of a table that was never analysed.
 */
export async function inEveryPlanState(
  database: TestDatabase,
  look: (state: PlanState) => Promise<void>,
): Promise<void> {
  for (const rows of SIZES) {
    await database.superuser(`TRUNCATE ${FILLED.map((table) => `ef.${table}`).join(', ')}`);
    await database.superuser(
      'DELETE FROM pg_statistic WHERE starelid = ANY ($1::regclass[]::oid[])',
      [FILLED.map((table) => `ef.${table}`)],
    );
    await fill(database, rows);
    await look({ rows, analysed: false });
    await database.superuser(`ANALYZE ${FILLED.map((table) => `ef.${table}`).join(', ')}`);
    await look({ rows, analysed: true });
  }
}

/** The filled rows: tenant `n % 10`, id by number, due now. */
async function fill(database: TestDatabase, rows: number): Promise<void> {
  if (rows === 0) return;
  const source = `SELECT ('00000000-0000-7000-9000-' || lpad((n % 10)::text, 12, '0'))::uuid AS t,
                         ('00000000-0000-7000-a000-' || lpad(n::text, 12, '0'))::uuid AS i
                    FROM generate_series(1, ${rows}) n`;
  // Without the triggers that keep lists in step: they would leave a dead version of each work row.
  await database.superuser('SET session_replication_role = replica');
  await database.superuser(
    `INSERT INTO ef.work (tenant_id, kind, id, due_at) SELECT t, 'execution', i, now() FROM (${source}) s`,
  );
  await database.superuser(
    `INSERT INTO ef.executions (tenant_id, id, flow_namespace, flow_name, flow_version, mode, status)
     SELECT t, i, 'n', 'f', '1', 'balanced', 'running' FROM (${source}) s`,
  );
  await database.superuser(
    `INSERT INTO ef.execution_history (tenant_id, execution_id, segment, items) SELECT t, i, 0, '[]' FROM (${source}) s`,
  );
  await database.superuser(
    `INSERT INTO ef.execution_signals (tenant_id, id, execution_id, signal) SELECT t, i, i, '{}' FROM (${source}) s`,
  );
  await database.superuser(
    `INSERT INTO ef.execution_values (tenant_id, execution_id, id, value) SELECT t, i, 1, '{}' FROM (${source}) s`,
  );
  await database.superuser(
    `INSERT INTO ef.outbox (tenant_id, id, executions, segments) SELECT t, i, ARRAY[i], '{0}' FROM (${source}) s`,
  );
  await database.superuser(
    `INSERT INTO ef.idempotency_keys (tenant_id, key, request_hash, execution_id, dispatch, expires_at)
     SELECT t, i::text, '', i, 'hinted', now() + interval '1 day' FROM (${source}) s`,
  );
  await database.superuser('RESET session_replication_role');
}

/**
 * Asserts that the generic plan of each statement is a good one in all six states: no sequential
 * scan, no join filter, every index scan bounded by all columns of its index. A plan made while a
 * table is empty stays while it grows, so one bad state is an outage.
 * @throws Error naming the state, the fault and the plan
 */
export async function expectStablePlan(
  database: TestDatabase,
  ...statements: HotStatement[]
): Promise<void> {
  const columns = await indexColumns(database);
  await inEveryPlanState(database, async (state) => {
    for (const statement of statements) {
      const plan = await genericPlan(database, statement);
      const faults = faultsOf(plan, columns, statement.ranges ?? {});
      if (faults.length > 0) {
        throw new Error(
          `With ${state.rows} rows, ${state.analysed ? '' : 'not '}analysed: ${faults.join('; ')}\n` +
            `${statement.text}\n${JSON.stringify(plan, null, 1)}`,
        );
      }
    }
  });
}

async function genericPlan(database: TestDatabase, statement: HotStatement): Promise<PlanNode> {
  const client = await database.connectAs(statement.role);
  try {
    return await explain(client, statement);
  } finally {
    await client.end();
  }
}

async function explain(client: Client, { role, text }: HotStatement): Promise<PlanNode> {
  for (const [name, value] of Object.entries(planSettings(role))) {
    await client.query(`SET ${name} = ${value}`);
  }
  await client.query('SET plan_cache_mode = force_generic_plan');
  await client.query(`PREPARE hot AS ${text}`);
  const numbers = [...text.matchAll(/\$(\d+)/g)].map((match) => Number(match[1]));
  const nulls = Array.from({ length: Math.max(0, ...numbers) }, () => 'NULL').join(', ');
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    `EXPLAIN (FORMAT JSON) EXECUTE hot${nulls === '' ? '' : `(${nulls})`}`,
  );
  const plan = rows[0]?.['QUERY PLAN'][0].Plan;
  if (!plan) throw new Error('EXPLAIN answered no plan');
  return plan;
}

async function indexColumns(database: TestDatabase): Promise<Map<string, string[]>> {
  const rows = await database.superuser<{ name: string; columns: string[] }>(
    `SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
       FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = 'ef'::regnamespace GROUP BY c.relname`,
  );
  return new Map(rows.map((row) => [row.name, row.columns]));
}

function faultsOf(
  node: PlanNode,
  columns: ReadonlyMap<string, string[]>,
  ranges: Readonly<Record<string, readonly string[]>>,
): string[] {
  const faults: string[] = [];
  const where = `${node['Node Type']} ${node['Relation Name'] ?? node['Index Name'] ?? ''}`.trim();
  if (node['Node Type'] === 'Seq Scan') faults.push(`${where}: reads the whole table`);
  if (node['Join Filter'] !== undefined) faults.push(`${where}: joins by a filter`);
  const index = node['Index Name'];
  if (index !== undefined) {
    const wanted = ranges[index] ?? columns.get(index) ?? [];
    const missing = wanted.filter(
      (column) => !new RegExp(`\\b${column}\\b`).test(node['Index Cond'] ?? ''),
    );
    if (missing.length > 0) faults.push(`${where}: not bounded by ${missing.join(', ')}`);
  }
  return [...faults, ...(node.Plans ?? []).flatMap((child) => faultsOf(child, columns, ranges))];
}
