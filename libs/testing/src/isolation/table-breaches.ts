import type { Client } from 'pg';
import { newId } from '@easyflow/kernel-ids';
import { ROLES, type Role } from '@easyflow/platform-database';
import { attempt, type AttackBench, type CanaryTenant, type Outcome } from './attack-bench';
import { byTable, canaryValue, insertCanary, tenantColumns, type Column } from './canaries';

/** Roles that open tenant sessions. */
export const SESSION_ROLES: readonly Role[] = ROLES.filter(
  (role) => role !== 'ef_claim' && role !== 'ef_issuer',
);

export interface TableReport {
  /** Attacks that succeeded. */
  breaches: string[];
  /** Statements that failed in the victim's own context although the role has the grant: such an attack proves nothing. */
  failedControls: string[];
  attempts: number;
}

/** Tables for all placements. */
const ONCE_A_DATABASE = new Set(['tenants', 'users', 'api_keys', 'work', 'outbox']);

interface Grants {
  select: boolean;
  delete: boolean;
  insert: string[];
  update: string[];
}

async function grantsOf(
  client: Client,
  table: string,
  columns: readonly Column[],
): Promise<Grants> {
  const { rows } = await client.query<{ column: string; insert: boolean; update: boolean }>(
    `SELECT c AS "column", has_column_privilege($1, c, 'INSERT') AS insert, has_column_privilege($1, c, 'UPDATE') AS update
       FROM unnest($2::text[]) c`,
    [table, columns.map((column) => column.column)],
  );
  const whole = await client.query<{ select: boolean; delete: boolean }>(
    `SELECT has_column_privilege($1, 'tenant_id', 'SELECT') AS select, has_table_privilege($1, 'DELETE') AS delete`,
    [table],
  );
  const { select = false, delete: deletes = false } = whole.rows[0] ?? {};
  return {
    select,
    delete: deletes,
    insert: rows.filter((row) => row.insert).map((row) => row.column),
    update: rows.filter((row) => row.update).map((row) => row.column),
  };
}

interface Case {
  name: string;
  text: string;
  values: unknown[];
  /** Whether the victim's own context proves the statement. */
  control: boolean;
}

/** Statements against the rows of one tenant in one table, as far as the role has grants. */
function casesOf(
  schema: string,
  columns: readonly Column[],
  grants: Grants,
  victim: CanaryTenant,
): Case[] {
  const table = `${schema}."${columns[0]?.table}"`;
  const cases: Case[] = [];
  const where = grants.select ? ` WHERE tenant_id = '${victim.id}'` : '';
  if (grants.select) {
    cases.push({
      name: 'select',
      text: `SELECT tenant_id FROM ${table}${where}`,
      values: [],
      control: true,
    });
  }
  if (grants.delete) {
    cases.push({ name: 'delete', text: `DELETE FROM ${table}${where}`, values: [], control: true });
  }
  for (const name of grants.update) {
    const column = columns.find((each) => each.column === name);
    if (!column || column.generated) continue;
    cases.push({
      name: `update ${name}`,
      text: `UPDATE ${table} SET "${name}" = $1${where}`,
      values: [canaryValue(column, victim.id, victim.canary)],
      control: true,
    });
  }
  const insertable = columns.filter((column) => grants.insert.includes(column.column));
  if (insertable.length > 0) {
    // A new key, and the existing one: a conflict would tell that the row is there.
    const fresh = insertCanary(schema, insertable, victim.id, newId());
    const existing = insertCanary(schema, insertable, victim.id, victim.canary);
    cases.push({ name: 'insert', ...fresh, control: true });
    cases.push({ name: 'insert existing', ...existing, control: false });
    cases.push({
      name: 'upsert',
      text: `${existing.text} ON CONFLICT DO NOTHING`,
      values: existing.values,
      control: false,
    });
  }
  return cases;
}

function touched(outcome: Outcome): boolean {
  return 'result' in outcome && (outcome.result.rowCount ?? 0) > 0;
}

/**
 * Every statement that a role's grants allow, against every table of every schema: in A's context
 * none may find, change or reveal a row of B; in B's own context each must work.
 */
export async function tableReport(
  bench: AttackBench,
  roles: readonly Role[] = SESSION_ROLES,
): Promise<TableReport> {
  const report: TableReport = { breaches: [], failedControls: [], attempts: 0 };
  const schemas = [...new Set(['ef', bench.b.schema])];
  for (const role of roles) {
    for (const schema of schemas) {
      const tables = byTable(await tenantColumns(bench.database, schema));
      const plan = await bench.connected(role, async (client) => {
        const all: { columns: Column[]; cases: Case[] }[] = [];
        for (const columns of tables.values()) {
          const grants = await grantsOf(client, `${schema}.${columns[0]?.table}`, columns);
          all.push({ columns, cases: casesOf(schema, columns, grants, bench.b) });
        }
        return all;
      });
      await bench.inside(role, [bench.a], async (client) => {
        for (const { columns, cases } of plan) {
          for (const each of cases) {
            report.attempts += 1;
            const outcome = await attempt(client, each.text, each.values);
            const name = `${role} ${each.name} ${schema}.${columns[0]?.table}`;
            if (touched(outcome)) report.breaches.push(name);
            // An insert must be refused by the policy: any other error, or none, would tell whether the row exists.
            const inserts = each.name.startsWith('insert') || each.name === 'upsert';
            if (inserts && !('error' in outcome && outcome.error.code === '42501')) {
              report.breaches.push(`${name} (not refused by a policy)`);
            }
          }
        }
      });
      await bench.inside(role, [bench.b], async (client) => {
        for (const { columns, cases } of plan) {
          const elsewhere =
            schema !== bench.b.schema && !ONCE_A_DATABASE.has(columns[0]?.table ?? '');
          for (const each of cases.filter(({ control }) => control)) {
            const outcome = await attempt(client, each.text, each.values);
            if (elsewhere) {
              // A tenant has its rows in its own placement only; there its control proves the statement.
              if (!('error' in outcome && outcome.error.code === '42501')) {
                report.breaches.push(
                  `${role} ${each.name} ${schema}.${columns[0]?.table} (a foreign placement)`,
                );
              }
              continue;
            }
            // A constraint is checked after the policies: one that objects shows that they let the row pass.
            if (touched(outcome) || ('error' in outcome && outcome.error.code?.startsWith('23'))) {
              continue;
            }
            const why = 'error' in outcome ? outcome.error.message : 'no row';
            report.failedControls.push(
              `${role} ${each.name} ${schema}.${columns[0]?.table}: ${why}`,
            );
          }
        }
      });
    }
  }
  return report;
}
