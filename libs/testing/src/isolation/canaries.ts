import { randomBytes } from 'node:crypto';
import { newId } from '@easyflow/kernel-ids';
import type { TestDatabase } from '../test-database';

/** A column as the catalogue has it. */
export interface Column {
  table: string;
  column: string;
  type: string;
  generated: boolean;
}

/** Columns of every table with a tenant in a schema, from the catalogue: a new table is attacked without anyone adding it. */
export async function tenantColumns(database: TestDatabase, schema: string): Promise<Column[]> {
  return database.superuser<Column & Record<string, unknown>>(
    `SELECT c.relname AS "table", a.attname AS "column", format_type(a.atttypid, a.atttypmod) AS type,
            a.attgenerated <> '' AS generated
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p')
        AND EXISTS (SELECT 1 FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id')
      ORDER BY c.relname, a.attnum`,
    [schema],
  );
}

/** Values that checks of the tables ask for. */
const CHECKED: Readonly<Record<string, unknown>> = {
  'tenants.status': 'active',
  'executions.status': 'completed',
  'work.kind': 'execution',
  'work.status': 'pending',
  'ended_executions.status': 'completed',
  'schedules.kind': 'cron',
  mode: 'balanced',
};

const NO_VALUE = new Set(['lease_owner', 'lease_until', 'parent_id', 'revoked_at']);

/** A value for a column of a canary row: all ids of a tenant's canary are one, so its foreign keys hold. */
export function canaryValue(column: Column, tenantId: string, id: string): unknown {
  const named = CHECKED[`${column.table}.${column.column}`] ?? CHECKED[column.column];
  if (named !== undefined) return named;
  if (column.column === 'tenant_id') return tenantId;
  if (NO_VALUE.has(column.column)) return null;
  if (column.type.endsWith('[]')) return [];
  switch (column.type) {
    case 'uuid':
      return id;
    case 'json':
      return JSON.stringify({ canary: tenantId });
    case 'text':
      return column.column === 'email' ? `${id}@canary.test` : 'canary';
    case 'bytea':
      return randomBytes(32);
    case 'timestamp with time zone':
      return new Date();
    default:
      return 0;
  }
}

/** `INSERT` of a canary row with the columns given. */
export function insertCanary(
  schema: string,
  columns: readonly Column[],
  tenantId: string,
  id: string,
): { text: string; values: unknown[] } {
  const written = columns.filter((column) => !column.generated);
  const names = written.map((column) => `"${column.column}"`).join(', ');
  const places = written.map((_, index) => `$${index + 1}`).join(', ');
  return {
    text: `INSERT INTO ${schema}."${columns[0]?.table}" (${names}) VALUES (${places})`,
    values: written.map((column) => canaryValue(column, tenantId, id)),
  };
}

/** Columns by table. */
export function byTable(columns: readonly Column[]): Map<string, Column[]> {
  const tables = new Map<string, Column[]>();
  for (const column of columns) {
    tables.set(column.table, [...(tables.get(column.table) ?? []), column]);
  }
  return tables;
}

/** Puts a row of the tenant into every table that may hold one and answers the rows' id. */
export async function plantCanaries(
  database: TestDatabase,
  tenantId: string,
  schema: string,
): Promise<string> {
  const id = newId();
  await database.superuser("SET session_replication_role = 'replica'");
  for (const place of new Set(['ef', schema])) {
    for (const columns of byTable(await tenantColumns(database, place)).values()) {
      const { text, values } = insertCanary(place, columns, tenantId, id);
      await database.superuser(`${text} ON CONFLICT DO NOTHING`, values);
    }
  }
  await database.superuser('RESET session_replication_role');
  return id;
}
