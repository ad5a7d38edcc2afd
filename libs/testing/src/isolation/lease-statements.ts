import type { Client } from 'pg';
import { newId } from '@easyflow/kernel-ids';
import type { LeaseOwner } from '@easyflow/tenant-context';
import type { AttackBench, CanaryTenant } from './attack-bench';

/** The functions of leases as a worker calls them, past our own code. */
export const CLAIM = 'SELECT * FROM ctx.claim($1, $2, $3::text[], $4, $5)';
export const OPEN = 'SELECT * FROM ctx.open($1, $2, $3::uuid[], $4::text[], $5::uuid[])';
export const RENEW =
  'SELECT * FROM ctx.renew($1, $2, $3::uuid[], $4::text[], $5::uuid[], $6::int[])';

/** Due work of a tenant that nothing else claims. */
export async function dueWork(
  bench: AttackBench,
  tenant: CanaryTenant,
  count: number,
): Promise<string[]> {
  // Also what other attacks and the canaries left: a claim takes the oldest first.
  await bench.database.superuser('DELETE FROM ef.work');
  await bench.database.superuser('DELETE FROM ef.outbox');
  const ids = Array.from({ length: count }, () => newId());
  await bench.database.superuser(
    `INSERT INTO ef.work (tenant_id, kind, id, due_at) SELECT $1, 'execution', i, now() - interval '1 minute' FROM unnest($2::uuid[]) i`,
    [tenant.id, ids],
  );
  return ids;
}

/** Parameters of `CLAIM`. */
export function claimOf(
  owner: LeaseOwner,
  n = 10,
  leaseMs = 15_000,
  kinds = ['execution'],
): unknown[] {
  return [owner.owner, owner.secret, kinds, n, leaseMs];
}

/** Parameters of `OPEN`, and the first ones of `RENEW`. */
export function openOf(owner: LeaseOwner, tenant: CanaryTenant, ids: readonly string[]): unknown[] {
  return [owner.owner, owner.secret, ids.map(() => tenant.id), ids.map(() => 'execution'), ids];
}

/** The rows of a statement. */
export async function rowsOf<R extends Record<string, unknown>>(
  client: Client,
  text: string,
  values: unknown[],
): Promise<R[]> {
  return (await client.query<R>(text, values)).rows;
}
