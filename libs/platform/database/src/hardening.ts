import type { ClientBase } from 'pg';
import { retryRaces } from './bootstrap';
import { ROLES } from './roles';

/**
 * Core functions that no application needs and that let one session disturb or watch another:
 * large objects (data outside row-level security), advisory locks (stopping others), statistics and
 * activity (seeing what others run), signals to other sessions.
 */
const FUNCTION_PATTERNS = [
  'lo\\_%',
  'lo%read',
  'lo%write',
  'pg\\_advisory\\_%',
  'pg\\_try\\_advisory\\_%',
  'pg\\_stat\\_get\\_%',
  'pg\\_lock\\_status',
  'pg\\_terminate\\_backend',
  'pg\\_cancel\\_backend',
  'dblink%',
] as const;

/**
 * The part of the hardened profile that takes a superuser: revokes those functions, and the right to
 * write functions, from PUBLIC and gives the advisory locks to the two roles that use them. `ctx.admit` may change a
 * setting that no application role may, to mark the transaction of a context (docs/adr/0020).
 */
export async function harden(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ signature: string; name: string }>(
    `SELECT format('%s(%s)', quote_ident(n.nspname) || '.' || quote_ident(p.proname),
                   pg_get_function_identity_arguments(p.oid)) AS signature, p.proname AS name
       FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE p.proname LIKE ANY ($1) AND p.prokind = 'f'
        AND n.nspname NOT IN ('ef', 'ctx')
        AND has_function_privilege('public', p.oid, 'EXECUTE')
      ORDER BY 1`,
    [FUNCTION_PATTERNS],
  );
  for (const { signature } of rows) {
    await client.query(`REVOKE EXECUTE ON FUNCTION ${signature} FROM PUBLIC`);
  }
  await client.query(`
    GRANT EXECUTE ON FUNCTION pg_catalog.pg_try_advisory_xact_lock_shared(bigint) TO ctx_owner;
    GRANT EXECUTE ON FUNCTION pg_catalog.pg_advisory_lock(bigint), pg_catalog.pg_advisory_unlock(bigint) TO ef_migrator;
    REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
    GRANT USAGE ON LANGUAGE plpgsql TO ef_owner, ctx_owner;
    REVOKE SELECT ON pg_catalog.pg_stat_activity, pg_catalog.pg_locks, pg_catalog.pg_prepared_xacts FROM PUBLIC;
    REVOKE SELECT ON pg_catalog.pg_statistic_ext_data FROM PUBLIC;
  `);
  await grantParameter(client);
}

/** Of the whole server, so migrators of several databases may meet in it. */
async function grantParameter(client: ClientBase): Promise<void> {
  await retryRaces(async () => {
    const { rows } = await client.query<{ granted: boolean }>(
      "SELECT has_parameter_privilege('ctx_owner', 'backtrace_functions', 'SET') AS granted",
    );
    if (rows[0]?.granted === true) return;
    await client.query('GRANT SET ON PARAMETER backtrace_functions TO ctx_owner');
  });
}

const UNKNOWN_DATABASE = '3D000';

/** Databases of the server that anybody may connect to, this one left out. */
const OPEN_NEIGHBOURS = `
  SELECT quote_ident(d.datname) AS database FROM pg_database d
   WHERE d.datallowconn AND d.datname <> current_database() AND has_database_privilege('public', d.oid, 'CONNECT')
   ORDER BY 1`;

/** Logins that are none of ours and no superuser, and so would lose what PUBLIC loses. */
const OTHER_LOGINS = `
  SELECT quote_ident(r.rolname) AS login FROM pg_roles r
   WHERE r.rolcanlogin AND NOT r.rolsuper AND r.rolname <> ALL ($1) ORDER BY 1`;

/**
 * What is revoked in this database is not revoked in its neighbours: from `postgres` or `template1` a role could end
 * its peers and watch them. Who could connect there keeps that right by name, our roles do not. Takes a superuser.
 */
export async function closeNeighbours(
  client: ClientBase,
  log: (line: string) => void,
): Promise<void> {
  const { rows: open } = await client.query<{ database: string }>(OPEN_NEIGHBOURS);
  if (open.length === 0) return;
  const ours = ['ef_migrator', 'ef_owner', 'ctx_owner', ...ROLES];
  const { rows: others } = await client.query<{ login: string }>(OTHER_LOGINS, [ours]);
  const logins = others.map(({ login }) => login).join(', ');
  for (const { database } of open) {
    try {
      await retryRaces(async () => {
        if (logins !== '') await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${logins}`);
        await client.query(`REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC`);
      });
      log(`closed the database ${database} to the roles of the services`);
    } catch (error) {
      // Dropped meanwhile.
      if ((error as { code?: string }).code !== UNKNOWN_DATABASE) throw error;
    }
  }
}
