import type { RolePool } from '@easyflow/platform-database';
import type { Clock } from '@easyflow/kernel-time';
import type { TenantToken } from '../context/tenant';
import { outsideTenant } from '../context/unit-of-work';
import { beginStatement, checkBundle, inSchema, type BatchSession } from './sessions';

/**
 * One transaction over many tenants under `ef_writer`, which can write their rows and read no
 * payload of any. Nothing else may write for more than one tenant at a time.
 */
export class BatchWriter {
  readonly #pool: () => RolePool;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(pool: () => RolePool, clock: Pick<Clock, 'now'>) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /**
   * Commits what `work` writes, all or nothing.
   * @param bundle the live `ef_writer` tokens of exactly the tenants of the batch, one placement; see `bundles`
   * @throws OperationalError `database.unavailable`, `database.busy`, `token.expired`, `tenant.moving` …
   * @throws StatementError when the data is refused (the caller bisects)
   */
  transaction<T>(
    bundle: readonly TenantToken[],
    work: (session: BatchSession) => Promise<T>,
  ): Promise<T> {
    // A flush serves many requests; it must not run as the one that happened to trigger it.
    return outsideTenant(async () => {
      const { schema } = checkBundle(bundle, ['ef_writer'], this.#clock.now()).placement;
      return this.#pool().transaction(beginStatement(bundle), (transaction) =>
        work({ schema, ...inSchema(transaction, schema) }),
      );
    });
  }
}
