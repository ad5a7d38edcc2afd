import { UserError } from '@easyflow/kernel-errors';
import type { Role } from './roles';

/** Where a database is. */
export interface DatabaseAddress {
  host: string;
  port: number;
  database: string;
  /** Default `disable`; `require` encrypts, `verify-full` also checks the certificate. */
  sslMode?: SslMode;
}

const sslModes = ['disable', 'require', 'verify-full'] as const;
export type SslMode = (typeof sslModes)[number];

/** The driver's setting for a mode. */
export function driverSsl(mode: SslMode | undefined): boolean | { rejectUnauthorized: boolean } {
  if (mode === 'require') return { rejectUnauthorized: false };
  return mode === 'verify-full';
}

/**
 * Splits a `postgres://` URL into address and login.
 * @throws UserError `database.url` when it is none.
 */
export function parseDatabaseUrl(
  url: string,
): DatabaseAddress & { user: string; password: string } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new UserError(
      'database.url',
      'The database URL must look like postgres://user:password@host:5432/name',
    );
  }
  const sslMode = sslModes.find(
    (mode) => mode === (parsed.searchParams.get('sslmode') ?? 'disable'),
  );
  // A mode that is not known here must not become none: passwords would travel in clear.
  if (sslMode === undefined) {
    throw new UserError(
      'database.url',
      `The database URL has a sslmode that is none of ${sslModes.join(', ')}`,
    );
  }
  return {
    host: decodeURIComponent(parsed.hostname),
    port: parsed.port === '' ? 5432 : Number(parsed.port),
    database: decodeURIComponent(parsed.pathname.slice(1)) || 'postgres',
    sslMode,
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
  };
}

/**
 * Session settings of the service roles, given as connection options so that no role or database
 * carries settings (an attacker could poison those). `work` is often empty, and a plan made while
 * it is empty joins by scans and stays while it grows; with these settings and fenced look-ups the
 * plan is the same in every state of the table.
 */
export const PLAN_SETTINGS: Readonly<Record<string, string>> = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_bitmapscan: 'off',
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
};

/**
 * The settings of one role's sessions. Analytics reads much and rarely and plans as Postgres sees fit (an hour is
 * found by a bitmap of its block ranges), but it never has a reason to read a whole table.
 */
export function planSettings(role: Role): Readonly<Record<string, string>> {
  return role === 'ef_analytics'
    ? { enable_seqscan: 'off', plan_cache_mode: 'auto', jit: 'off' }
    : PLAN_SETTINGS;
}

/**
 * What a role could set for itself (`ALTER ROLE … SET`, which Postgres cannot forbid it) and so change for every process
 * of the role: given at the start of a connection, these win. What depends on how the operator runs the server
 * (`synchronous_commit`, memory, costs) or on its release is not among them; `RoleWatch` finds it and takes it back.
 */
const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  search_path: 'ef',
  lock_timeout: '0',
  idle_session_timeout: '0',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  row_security: 'on',
  client_min_messages: 'notice',
  debug_print_parse: 'off',
  debug_print_rewritten: 'off',
  debug_print_plan: 'off',
  TimeZone: 'UTC',
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  transform_null_equals: 'off',
  standard_conforming_strings: 'on',
  enable_indexscan: 'on',
  enable_indexonlyscan: 'on',
  enable_tidscan: 'on',
  enable_nestloop: 'on',
};

/** Everything that is pinned in the sessions of a role. */
export function sessionSettings(
  role: Role,
  timeouts: { statementMs: number; idleInTransactionMs: number },
): Readonly<Record<string, string>> {
  return {
    ...SESSION_SETTINGS,
    statement_timeout: String(timeouts.statementMs),
    idle_in_transaction_session_timeout: String(timeouts.idleInTransactionMs),
    ...planSettings(role),
  };
}

/** Writes settings as the `options` of a connection's startup packet. */
export function connectionOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll('\\', '\\\\').replaceAll(' ', '\\ ')}`)
    .join(' ');
}
