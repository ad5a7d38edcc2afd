import type { ClientBase } from 'pg';
import { changedLimits, type ConnectionLimits } from './connection-limits';
import { ROLES, type Role } from './roles';
import { scramVerifier, verifierMatches } from './scram-verifier';

/** Roles without one keep the password they have. */
export type RolePasswords = Readonly<Partial<Record<Role, string>>>;

const ATTRIBUTES = 'NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS';
const OWNERS = ['ef_owner', 'ctx_owner'] as const;

/** SQLSTATEs of two migrators of different databases touching the cluster-wide roles at once. */
const RACES = new Set(['23505', '42710', 'XX000']);

/** Repeats a step that fails because another migrator does the same: roles and databases belong to the whole server. */
export async function retryRaces(step: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      const code = (error as { code?: string }).code ?? '';
      if (!RACES.has(code) || attempt >= 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25 * attempt));
    }
  }
}

async function existingRoles(client: ClientBase): Promise<Set<string>> {
  const { rows } = await client.query<{ rolname: string }>(
    "SELECT rolname FROM pg_roles WHERE rolname LIKE 'ef\\_%' OR rolname = 'ctx_owner'",
  );
  return new Set(rows.map((row) => row.rolname));
}

/**
 * Gives the roles their passwords; a superuser's connection sees which already have them and leaves those alone.
 * Answers those that are known to have had another.
 */
export async function setPasswords(
  client: ClientBase,
  passwords: RolePasswords,
  superuser: boolean,
): Promise<Role[]> {
  const stored = new Map<string, string | null>();
  if (superuser) {
    const { rows } = await client.query<{ rolname: string; rolpassword: string | null }>(
      'SELECT rolname, rolpassword FROM pg_authid WHERE rolname = ANY ($1)',
      [ROLES],
    );
    for (const row of rows) stored.set(row.rolname, row.rolpassword);
  }
  const given: Role[] = [];
  for (const role of ROLES) {
    const password = passwords[role];
    if (password === undefined || verifierMatches(stored.get(role) ?? null, password)) continue;
    await client.query(`ALTER ROLE ${role} PASSWORD '${scramVerifier(password)}'`);
    if (stored.get(role)) given.push(role);
  }
  return given;
}

export interface BootstrapOptions {
  passwords: RolePasswords;
  connectionLimits: ConnectionLimits;
  log: (line: string) => void;
}

/** Makes roles (cluster-wide), schemas and the database's grants; every step may be repeated. */
export async function bootstrap(client: ClientBase, options: BootstrapOptions): Promise<void> {
  const { rows } = await client.query<{ superuser: boolean; login: string }>(
    'SELECT quote_ident(rolname) AS login, rolsuper AS superuser FROM pg_roles WHERE rolname = session_user',
  );
  const { superuser = false, login = '' } = rows[0] ?? {};
  await retryRaces(async () => {
    const existing = await existingRoles(client);
    for (const owner of OWNERS) {
      if (!existing.has(owner)) await client.query(`CREATE ROLE ${owner} NOLOGIN ${ATTRIBUTES}`);
    }
    if (!existing.has('ef_migrator')) {
      await client.query(`CREATE ROLE ef_migrator LOGIN ${ATTRIBUTES}`);
      await client.query('GRANT ef_owner, ctx_owner TO ef_migrator');
    }
    for (const role of ROLES) {
      if (!existing.has(role)) await client.query(`CREATE ROLE ${role} LOGIN ${ATTRIBUTES}`);
    }
    const given = await setPasswords(client, options.passwords, superuser);
    for (const role of given) {
      // A role may change its own password: whoever did has had a session of it.
      options.log(`${role} had another password than the one given; it has this one now`);
    }
    await limitConnections(client, options);
    // An administrator who is no superuser must be a member of a role to make objects for it.
    if (!superuser && login !== 'ef_migrator') {
      await client.query(`GRANT ef_owner, ctx_owner TO ${login}`);
    }
  });
  await grantDatabase(client);
  await client.query(`
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    CREATE SCHEMA IF NOT EXISTS ef AUTHORIZATION ef_owner;
    CREATE SCHEMA IF NOT EXISTS ctx AUTHORIZATION ctx_owner;
    CREATE SCHEMA IF NOT EXISTS migration;
    GRANT USAGE, CREATE ON SCHEMA migration TO ef_migrator;
    ALTER DEFAULT PRIVILEGES FOR ROLE ef_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
    ALTER DEFAULT PRIVILEGES FOR ROLE ctx_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
  `);
}

const INSUFFICIENT_PRIVILEGE = '42501';

/** Takes an administrator of the roles: who migrates as ef_migrator, or did not make them, leaves the limits as they are. */
async function limitConnections(
  client: ClientBase,
  { connectionLimits, log }: BootstrapOptions,
): Promise<void> {
  for (const [role, limit] of await changedLimits(client, connectionLimits)) {
    try {
      await client.query(`ALTER ROLE ${role} CONNECTION LIMIT ${limit}`);
      log(`limited ${role} to ${limit} connections`);
    } catch (error) {
      if ((error as { code?: string }).code !== INSUFFICIENT_PRIVILEGE) throw error;
      log(
        `${role} has no limit of ${limit} connections: only an administrator of roles can set it`,
      );
    }
  }
}

/** Who may connect and create. A copy of a database (`CREATE DATABASE … TEMPLATE`) does not inherit this. */
export async function grantDatabase(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ database: string }>(
    'SELECT quote_ident(current_database()) AS database',
  );
  const database = rows[0]?.database ?? '';
  await client.query(`
    REVOKE CREATE, TEMPORARY, CONNECT ON DATABASE ${database} FROM PUBLIC;
    GRANT CONNECT ON DATABASE ${database} TO ef_migrator, ${ROLES.join(', ')};
    GRANT CREATE ON DATABASE ${database} TO ef_owner, ctx_owner;
  `);
}
