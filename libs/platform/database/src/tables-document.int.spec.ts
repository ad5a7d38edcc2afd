import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createTestDatabase, type TestDatabase } from '@easyflow/testing';

const OWNERS = ['issuer', 'gateway', 'flow-registry', 'scheduler', 'executor', 'analytics'];
const COMMANDS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;

/** `table role command` → `all`, or the columns in the order of the alphabet. */
type Grants = Record<string, string>;

/** The tables of docs/tables.md: a `## name` each, its owner, and one row a role. */
function read(document: string): { owners: Record<string, string>; grants: Grants } {
  const owners: Record<string, string> = {};
  const grants: Grants = {};
  for (const section of document.split(/^## /m).slice(1)) {
    const table = /^(\S+)/.exec(section)?.[1] ?? '';
    owners[table] = /Migration owner: ([a-z-]+)\./.exec(section)?.[1] ?? '';
    for (const row of section.matchAll(/^\| (ef_\w+|ctx_owner) +\|(.*)\|$/gm)) {
      const cells = (row[2] ?? '').split('|').map((cell) => cell.trim());
      for (const [index, command] of COMMANDS.entries()) {
        const cell = cells[index] ?? '';
        if (cell !== '–') grants[`${table} ${row[1]} ${command}`] = cell;
      }
    }
  }
  return { owners, grants };
}

/** The same from the catalogue, of the tables in a schema. */
async function catalogue(database: TestDatabase, schema: string): Promise<Grants> {
  const rows = await database.superuser<{ name: string; columns: string | null }>(
    `SELECT c.relname || ' ' || r.rolname || ' ' || command AS name,
            CASE WHEN has_table_privilege(r.oid, c.oid, command) THEN 'all'
                 ELSE (SELECT string_agg(t.attname, ', ' ORDER BY t.attname::text COLLATE "C") FROM pg_attribute t
                        WHERE t.attrelid = c.oid AND t.attnum > 0 AND command <> 'DELETE' AND has_column_privilege(r.oid, c.oid, t.attnum, command)) END AS columns
       FROM pg_class c CROSS JOIN pg_roles r CROSS JOIN unnest($2::text[]) command
      WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p')
        AND (r.rolname LIKE 'ef\\_%' OR r.rolname = 'ctx_owner') AND r.rolname NOT IN ('ef_owner', 'ef_migrator')`,
    [schema, COMMANDS],
  );
  const grants: Grants = {};
  for (const row of rows) if (row.columns) grants[row.name] = row.columns;
  return grants;
}

describe('docs/tables.md', () => {
  let database: TestDatabase;
  let document: { owners: Record<string, string>; grants: Grants };

  beforeAll(async () => {
    database = await createTestDatabase();
    document = read(await readFile(path.join(__dirname, '../../../../docs/tables.md'), 'utf8'));
  }, 60_000);

  afterAll(() => database.drop());

  it('says what the grants of every table are', async () => {
    expect(document.grants).toEqual(await catalogue(database, 'ef'));
  });

  it('names every table, each with one owner', async () => {
    const tables = await database.superuser<{ name: string }>(
      `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'ef'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`,
    );
    expect(Object.keys(document.owners).sort()).toEqual(tables.map((table) => table.name));
    for (const owner of Object.values(document.owners)) expect(OWNERS).toContain(owner);
  });

  it('is true of a schema placement too', async () => {
    const { id } = await database.createTenant({ placement: 'schema' });
    const placed = await catalogue(database, `tenant_${id.replaceAll('-', '')}`);
    const tables = new Set(Object.keys(placed).map((name) => name.split(' ')[0]));
    const expected = Object.entries(document.grants).filter(([name]) =>
      tables.has(name.split(' ')[0]),
    );
    expect(tables.size).toBe(12);
    expect(placed).toEqual(Object.fromEntries(expected));
  });
});
