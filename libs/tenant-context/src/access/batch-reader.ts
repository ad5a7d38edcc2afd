import type { Role, RolePool } from '@easyflow/platform-database';
import { UnexpectedError } from '@easyflow/kernel-errors';
import type { Clock } from '@easyflow/kernel-time';
import type { TenantToken } from '../context/tenant';
import { outsideTenant } from '../context/unit-of-work';
import { beginStatement, checkBundle, inSchema, type Statement } from './sessions';

/** Runs work on a connection of the role when one is free. */
type InTurn = <T>(role: Role, work: (pool: RolePool) => Promise<T>) => Promise<T>;

/** Reads rows of many tenants in one statement and hands each only to its own tenant. */
export class BatchReader {
  readonly #inTurn: InTurn;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(inTurn: InTurn, clock: Pick<Clock, 'now'>) {
    this.#inTurn = inTurn;
    this.#clock = clock;
  }

  /**
   * Runs one SELECT that answers a `tenant_id` column, under `ef_worker` or `ef_api`.
   * @returns the rows by tenant; a tenant without rows has no entry
   * @throws UnexpectedError `tenant.foreign_row` when a row names no tenant of the bundle
   */
  read<R extends { tenant_id: string }>(
    bundle: readonly TenantToken[],
    statement: Statement,
  ): Promise<Map<string, R[]>> {
    return outsideTenant(async () => {
      const { audience, placement } = checkBundle(
        bundle,
        ['ef_worker', 'ef_api'],
        this.#clock.now(),
      );
      const { rows } = await this.#inTurn(audience, (pool) =>
        pool.transaction(beginStatement(bundle), (transaction) =>
          inSchema(transaction, placement.schema).queryLast<R>(statement),
        ),
      );
      return demultiplex(
        rows,
        bundle.map((token) => token.tenantId),
      );
    });
  }
}

/** Deals rows to the tenants they name. Exported for its property test. */
export function demultiplex<R extends { tenant_id: string }>(
  rows: readonly R[],
  tenants: readonly string[],
): Map<string, R[]> {
  const members = new Set(tenants);
  const dealt = new Map<string, R[]>();
  for (const row of rows) {
    const tenantId = row.tenant_id;
    if (typeof tenantId !== 'string' || !members.has(tenantId)) {
      throw new UnexpectedError(
        'tenant.foreign_row',
        'A row of a bundled read names no tenant of the bundle; select its tenant_id column',
      );
    }
    const own = dealt.get(tenantId);
    if (own) own.push(row);
    else dealt.set(tenantId, [row]);
  }
  return dealt;
}
