export { isRole, ROLES, type Role } from './roles';
export { migrate, type MigrateOptions } from './migrate';
export {
  connectionLimits,
  POOL_SIZES,
  type ConnectionLimits,
  type RoleProcesses,
} from './connection-limits';
export { DatabaseClock } from './database-clock';
export { readRoleSettings, resetRoleSettings, type RoleSetting } from './role-settings';
export { ensureDatabase } from './ensure-database';
export { grantDatabase, setPasswords, type RolePasswords } from './bootstrap';
export {
  connectionOptions,
  parseDatabaseUrl,
  PLAN_SETTINGS,
  planSettings,
  type DatabaseAddress,
} from './connection-settings';
export {
  RolePool,
  type PipelinedTransaction,
  type PreparedResult,
  type PreparedStatement,
  type RolePoolSettings,
} from './role-pool';
export { isOwnerRefused, refusedMembers, StatementError, toDatabaseError } from './statement-error';
export { functionFiles, type FunctionFile } from './functions/apply-functions';
export { MIGRATION_FILES, migrationText } from './migrations/sql-migration';
export { poolWaited } from './database-metrics';
