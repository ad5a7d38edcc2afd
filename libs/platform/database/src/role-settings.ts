import type { Role } from './roles';

/** A setting that is stored with a role, for all databases of the server or for one of them. */
export interface RoleSetting {
  role: Role;
  /** Null: all databases. */
  database: string | null;
  settings: string[];
}

/**
 * Settings stored with these roles. No release of ours stores any, and `ALTER ROLE` cannot be forbidden to the role
 * itself; the catalogue may be read by everybody. $1 roles.
 */
export const readRoleSettings = {
  name: 'role_settings',
  text: `
SELECT r.rolname AS role, d.datname AS database, s.setconfig AS settings
  FROM pg_db_role_setting s
  JOIN pg_roles r ON r.oid = s.setrole
  LEFT JOIN pg_database d ON d.oid = s.setdatabase
 WHERE r.rolname = ANY ($1)`,
} as const;

/** What takes a role's own settings back, as that role. */
export function resetRoleSettings(database: string | undefined): string {
  if (database === undefined) return 'ALTER ROLE CURRENT_USER RESET ALL';
  return `ALTER ROLE CURRENT_USER IN DATABASE "${database.replaceAll('"', '""')}" RESET ALL`;
}
