import pg from 'pg';
import {
  EasyFlowError,
  OperationalError,
  UnexpectedError,
  UserError,
} from '@easyflow/kernel-errors';

/** Thrown when Postgres refuses a statement or its data; `sqlState` tells why. Not retryable. */
export class StatementError extends UnexpectedError {
  constructor(
    readonly sqlState: string,
    /** The constraint that was violated, if one was. */
    readonly constraint: string | undefined,
    options: { cause: unknown },
  ) {
    super('database.statement_refused', `The database refused a statement (${sqlState})`, options);
  }
}

/** SQLSTATE classes and codes that pass by themselves. */
const DOWN = /^(08...|57P0[1-5]|53...|58...|XX000)$/;
const BUSY = /^(57014|25P0[34])$/;
/** Another transaction holds rows of this statement: it is of single rows, not of the server. */
const CONTENDED = /^(40001|40P01|55P03)$/;

/** Refusals of `ctx.begin` that a fresh token or a little time cures. */
const PASSING = new Set(['token.expired', 'token.epoch', 'token.key', 'tenant.moving']);

function refusal(detail: string, cause: unknown): EasyFlowError {
  const codes = detail.split(',').map((entry) => entry.split(' ')[0] ?? '');
  const hard = codes.filter((code) => !PASSING.has(code));
  if (codes.length > 0 && hard.length === 0) {
    return new OperationalError(codes[0] ?? 'token.expired', 'The tenant token must be renewed', {
      cause,
    });
  }
  if (hard.every((code) => code === 'tenant.suspended')) {
    return new UserError('tenant.suspended', 'The tenant is suspended', { status: 403, cause });
  }
  return new UnexpectedError('tenant.refused', 'The database refused the tenant context', {
    cause,
  });
}

/**
 * Puts what the driver throws into the three kinds of errors:
 * OperationalError `database.unavailable`, `database.busy` or `database.contended` (retry), or the code of a passing
 * refusal (`token.expired`, `token.epoch`, `token.key`, `tenant.moving`); UserError
 * `tenant.suspended`; UnexpectedError `tenant.refused` for any other 42501; StatementError otherwise.
 */
export function toDatabaseError(error: unknown): EasyFlowError {
  if (error instanceof EasyFlowError) return error;
  if (!(error instanceof pg.DatabaseError)) {
    // Whatever is not an answer of the server is a lost or refused connection.
    return new OperationalError('database.unavailable', 'The database does not answer', {
      cause: error,
    });
  }
  const state = error.code ?? '';
  if (state === '42501') return refusal(error.detail ?? '', error);
  if (error.detail === 'owner.full') {
    return new OperationalError('owner.full', 'The owner holds as many leases as it may', {
      cause: error,
    });
  }
  if (error.detail === 'key.count') {
    return new UserError('api_key.too_many', 'The tenant has ten valid keys; revoke one first', {
      status: 409,
      cause: error,
    });
  }
  if (DOWN.test(state)) {
    return new OperationalError('database.unavailable', 'The database is not available', {
      cause: error,
    });
  }
  if (CONTENDED.test(state)) {
    return new OperationalError('database.contended', 'Rows are held by another transaction', {
      cause: error,
    });
  }
  if (BUSY.test(state)) {
    return new OperationalError('database.busy', 'The database is too busy for this statement', {
      cause: error,
    });
  }
  return new StatementError(state, error.constraint, { cause: error });
}

/** Whether Postgres refused a lease owner: its slot was registered again by another process, or its secret is made up. */
export function isOwnerRefused(error: unknown): boolean {
  const cause = error instanceof EasyFlowError ? error.cause : error;
  return cause instanceof pg.DatabaseError && cause.detail === 'owner.refused';
}

/**
 * The members that `ctx.begin` refused by name, with the reason: the others can go on without them.
 * Empty when the error is another one or names nobody.
 */
export function refusedMembers(error: unknown): ReadonlyMap<string, string> {
  const cause = error instanceof EasyFlowError ? error.cause : error;
  const members = new Map<string, string>();
  if (!(cause instanceof pg.DatabaseError) || cause.code !== '42501') return members;
  for (const entry of (cause.detail ?? '').split(',')) {
    const [reason, tenantId] = entry.split(' ');
    if (reason && tenantId) members.set(tenantId, reason);
  }
  return members;
}
