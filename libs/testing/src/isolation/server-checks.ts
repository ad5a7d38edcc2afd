import { ROLES } from '@easyflow/platform-database';

const APP = `'{${ROLES.join(',')}}'::name[]`;

/** What the catalogue says against isolation about things of the whole server: roles, and the databases beside ours. */
export const SERVER_CHECKS = [
  {
    name: 'connection_limit',
    query: `SELECT rolname || ' has no connection limit' AS fault FROM pg_roles WHERE rolname = ANY (${APP}) AND rolconnlimit < 0`,
  },
  {
    name: 'neighbour_database',
    query: `SELECT r.rolname || ' may connect to ' || d.datname AS fault FROM pg_database d
             CROSS JOIN (SELECT rolname FROM pg_roles WHERE rolname = ANY (${APP})) r
             WHERE d.datname IN ('postgres', 'template1') AND has_database_privilege(r.rolname, d.oid, 'CONNECT')`,
  },
  {
    name: 'role_setting',
    query: `SELECT r.rolname || ' ' || s.setconfig::text AS fault FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
             WHERE r.rolname = ANY (${APP})`,
  },
  {
    // Any of these lets LOCK TABLE take any mode; SELECT lets it take ACCESS SHARE only, INSERT ROW EXCLUSIVE.
    name: 'lock_table',
    query: `SELECT r.rolname || ' may lock ' || n.nspname || '.' || c.relname || ' by ' || command AS fault
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             CROSS JOIN (SELECT rolname FROM pg_roles WHERE rolname = ANY (${APP})) r
             CROSS JOIN unnest('{UPDATE,DELETE,TRUNCATE}'::text[] || CASE WHEN current_setting('server_version_num')::int >= 170000 THEN '{MAINTAIN}'::text[] END) command
             WHERE c.relkind IN ('r', 'p', 'v') AND (n.nspname IN ('ef', 'ctx') OR n.nspname LIKE 'tenant\\_%')
               AND has_table_privilege(r.rolname, c.oid, command)`,
  },
] as const;
