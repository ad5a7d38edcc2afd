import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { ClientBase } from 'pg';
import { ROLES } from '../roles';

const OWNERS = { ctx: 'ctx_owner', ef: 'ef_owner' } as const;

/** A function of the database as it is now: `functions/<schema>/<name>.sql`, with its grants. */
export interface FunctionFile {
  readonly schema: keyof typeof OWNERS;
  /** As in the catalogue, without schema and arguments. */
  readonly name: string;
  readonly text: string;
}

/** Every function of `ctx` and `ef`, by schema and name. The build copies the files beside this one. */
export function functionFiles(): FunctionFile[] {
  return (['ctx', 'ef'] as const).flatMap((schema) => {
    const folder = path.join(__dirname, schema);
    return readdirSync(folder)
      .filter((file) => file.endsWith('.sql'))
      .sort()
      .map((file) => ({
        schema,
        name: path.basename(file, '.sql').replaceAll('-', '_'),
        text: readFileSync(path.join(folder, file), 'utf8'),
      }));
  });
}

/**
 * Applies the functions whose text has changed since the last time, all in one transaction, after the numbered
 * migrations: so a function has one place where it stands as it is. What a file grants is all that is granted.
 * Gives the names of what it applied.
 */
export async function applyFunctions(client: ClientBase): Promise<string[]> {
  const files = functionFiles();
  await client.query('BEGIN');
  try {
    const changed = await changedFiles(client, files);
    for (const file of changed) await apply(client, file);
    await client.query('COMMIT');
    return changed.map(({ schema, name }) => `${schema}.${name}`);
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

async function changedFiles(
  client: ClientBase,
  files: readonly FunctionFile[],
): Promise<FunctionFile[]> {
  await client.query(
    'CREATE TABLE IF NOT EXISTS migration.functions (name text PRIMARY KEY, hash text NOT NULL)',
  );
  const { rows } = await client.query<{ name: string; hash: string }>(
    'SELECT name, hash FROM migration.functions',
  );
  const applied = new Map(rows.map(({ name, hash }) => [name, hash]));
  return files.filter((file) => applied.get(`${file.schema}.${file.name}`) !== hashOf(file));
}

async function apply(client: ClientBase, file: FunctionFile): Promise<void> {
  await client.query(`SET LOCAL ROLE ${OWNERS[file.schema]}`);
  await client.query(`SET LOCAL search_path = ${file.schema}`);
  await revokeAll(client, file);
  await client.query(file.text);
  await client.query('RESET ROLE; SET LOCAL search_path TO DEFAULT');
  await client.query(
    `INSERT INTO migration.functions (name, hash) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET hash = excluded.hash`,
    [`${file.schema}.${file.name}`, hashOf(file)],
  );
}

async function revokeAll(client: ClientBase, { schema, name }: FunctionFile): Promise<void> {
  const { rows } = await client.query<{ signature: string }>(
    `SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS signature
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname = $1 AND p.proname = $2`,
    [schema, name],
  );
  const others = Object.values(OWNERS).filter((owner) => owner !== OWNERS[schema]);
  for (const { signature } of rows) {
    await client.query(
      `REVOKE EXECUTE ON FUNCTION ${signature} FROM PUBLIC, ${[...ROLES, ...others].join(', ')}`,
    );
  }
}

function hashOf({ text }: FunctionFile): string {
  return createHash('sha256').update(text).digest('hex');
}
