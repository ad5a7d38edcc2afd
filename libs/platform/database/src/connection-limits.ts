import type { ClientBase } from 'pg';
import { ROLES, type Role } from './roles';

/**
 * Connections of a role that one process opens at most. Few writers on purpose: commits over few connections share
 * their fsync, and batches grow while they wait.
 */
export const POOL_SIZES: Readonly<Record<Role, number>> = {
  ef_api: 8,
  ef_registry: 4,
  ef_worker: 4,
  ef_writer: 4,
  ef_claim: 2,
  ef_scheduler: 4,
  ef_analytics: 4,
  ef_issuer: 4,
};

/** How many processes hold a role's password at a time. */
export type RoleProcesses = Readonly<Record<Role, number>>;

export type ConnectionLimits = Readonly<Record<Role, number>>;

/** Left to operators, backups and monitoring when the roles share what the server has. */
const LEFT_TO_OTHERS = 5;
/** A role that has fewer could not replace a connection that is being closed. */
const FEWEST = 2;

/** As many of each service as there may be: the server's connections are the bound. */
const MANY: RoleProcesses = {
  ef_api: 1_000,
  ef_registry: 1_000,
  ef_worker: 1_000,
  ef_writer: 3_000,
  ef_claim: 3_000,
  ef_scheduler: 1_000,
  ef_analytics: 1_000,
  ef_issuer: 1_000,
};

/**
 * `CONNECTION LIMIT` of each role: what its processes need. Where the server has not so many, or it is not said how
 * many processes there are, each role gets its share of those it has: so that no role, and nobody with its password,
 * can take the connections of the others.
 */
export function connectionLimits(
  serverConnections: number,
  processes: RoleProcesses = MANY,
): ConnectionLimits {
  const needs = ROLES.map((role) => POOL_SIZES[role] * processes[role]);
  const available = Math.max(0, serverConnections - LEFT_TO_OTHERS);
  const share = Math.min(1, available / connectionsNeeded(processes));
  const limits = ROLES.map((role, index) => [
    role,
    Math.max(FEWEST, Math.floor((needs[index] ?? 0) * share)),
  ]);
  return Object.fromEntries(limits) as ConnectionLimits;
}

/** What all processes together open at most. */
export function connectionsNeeded(processes: RoleProcesses): number {
  return ROLES.reduce((sum, role) => sum + POOL_SIZES[role] * processes[role], 0);
}

/** The connections that the server gives to roles without privileges. */
export async function serverConnections(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ connections: number }>(
    `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
          - coalesce(current_setting('reserved_connections', true)::int, 0) AS connections`,
  );
  return rows[0]?.connections ?? 0;
}

/** The roles whose limit is another than these. */
export async function changedLimits(
  client: ClientBase,
  limits: ConnectionLimits,
): Promise<[role: Role, limit: number][]> {
  const { rows } = await client.query<{ rolname: Role; rolconnlimit: number }>(
    'SELECT rolname, rolconnlimit FROM pg_roles WHERE rolname = ANY ($1)',
    [ROLES],
  );
  return rows.flatMap(({ rolname, rolconnlimit }): [Role, number][] =>
    rolconnlimit === limits[rolname] ? [] : [[rolname, limits[rolname]]],
  );
}
