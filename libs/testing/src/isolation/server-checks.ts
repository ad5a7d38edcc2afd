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
] as const;
