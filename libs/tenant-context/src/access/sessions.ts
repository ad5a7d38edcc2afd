import { createHash } from 'node:crypto';
import {
  type PipelinedTransaction,
  type PreparedStatement,
  type Role,
} from '@easyflow/platform-database';
import { OperationalError, UnexpectedError } from '@easyflow/kernel-errors';
import type { TenantToken } from '../context/tenant';

/** A statement that is prepared once a connection under its name. Tables are written unqualified. */
export interface Statement {
  /** Stable and unique to the text; the schema of the placement is added to it. */
  name: string;
  text: string;
  values?: readonly unknown[];
}

export interface StatementResult<R> {
  rows: R[];
  rowCount: number;
}

/** One transaction of one tenant. */
export interface TenantSession {
  readonly tenantId: string;
  readonly role: Role;
  /** Statements issued without awaiting each other share a round trip; they run in order. */
  query<R>(statement: Statement): Promise<StatementResult<R>>;
  /** As `query`, and COMMIT goes out behind it in the same round trip: no statement may follow. */
  queryLast<R>(statement: Statement): Promise<StatementResult<R>>;
}

/** One transaction over the tenants of a bundle, under `ef_writer`. */
export interface BatchSession {
  readonly schema: string;
  /** Statements issued without awaiting each other share a round trip; they run in order. */
  query<R>(statement: Statement): Promise<StatementResult<R>>;
  /** As `query`, and COMMIT goes out behind it in the same round trip: no statement may follow. */
  queryLast<R>(statement: Statement): Promise<StatementResult<R>>;
}

/** Most tenants a bundle may hold; `ctx.begin` refuses more. */
export const BUNDLE_TENANTS = 100;

/** The statement that binds a transaction to the tenants of the tokens; they travel as a parameter only. */
export function beginStatement(tokens: readonly TenantToken[]): PreparedStatement {
  return {
    name: 'ctx_begin',
    text: 'SELECT ctx.begin($1::text[])',
    values: [tokens.map((token) => token.token)],
  };
}

/** Postgres tells names apart by their first 63 bytes only. */
const NAME_BYTES = 63;

/**
 * A plan belongs to the tables it was made for, so the name of a prepared statement carries the
 * schema: `ef`, or the last 20 of the 32 digits of a schema placement (62 of their bits are random).
 */
export function preparedName(name: string, schema: string): string {
  const full = `${name}@${schema.slice(-20)}`;
  if (full.length <= NAME_BYTES) return full;
  return createHash('sha256').update(full).digest('base64url');
}

/** The session's statements under their names in the placement. */
export function inSchema(
  transaction: PipelinedTransaction,
  schema: string,
): Pick<BatchSession, 'query' | 'queryLast'> {
  const named = (statement: Statement): PreparedStatement => ({
    ...statement,
    name: preparedName(statement.name, schema),
  });
  return {
    query: (statement) => transaction.query(named(statement)),
    queryLast: (statement) => transaction.queryLast(named(statement)),
  };
}

/**
 * Refuses a bundle that Postgres would refuse too, before a connection is taken.
 * @param now milliseconds since the epoch, by the database's clock
 * @throws OperationalError `token.expired`
 * @throws UnexpectedError `tenant.bad_bundle` when it is empty, too large, of several placements or roles
 */
export function checkBundle(
  tokens: readonly TenantToken[],
  roles: readonly Role[],
  now: number,
): TenantToken {
  const first = tokens[0];
  if (!first || tokens.length > BUNDLE_TENANTS || !roles.includes(first.audience)) {
    throw new UnexpectedError(
      'tenant.bad_bundle',
      `A bundle has 1 to ${BUNDLE_TENANTS} tokens of ${roles.join(' or ')}`,
    );
  }
  for (const token of tokens) {
    if (token.audience !== first.audience || token.placement.schema !== first.placement.schema) {
      throw new UnexpectedError('tenant.bad_bundle', 'A bundle has one role and one placement');
    }
    if (token.expiresAt <= now) {
      throw new OperationalError('token.expired', 'The tenant token must be renewed');
    }
  }
  return first;
}
