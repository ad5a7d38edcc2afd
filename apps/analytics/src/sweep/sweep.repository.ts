import type { DatabaseAccess, Lease, TenantToken } from '@easyflow/tenant-context';
import { LostLeaseError } from '../leases/lost-lease-error';
import { lockWork, restWork } from '../leases/work.statements';
import { sweepKeys } from './sweep.statements';

/** Keys of one transaction: few enough that a gateway that binds one of them anew waits for milliseconds. */
export const PAGE = 500;

/** Kept 24 h, then looked at this often: a key is dropped at most this long after it has expired. */
const AGAIN = '6 hours';
/** Of a tenant without keys: one that is bound from now on expires a day from now. */
const AGAIN_WHEN_EMPTY = '24 hours';

/** How far a sweep has come. */
export interface Swept {
  /** Where the next page begins; undefined when there is none. */
  readonly next: string | undefined;
  readonly seen: number;
  readonly dropped: number;
}

/** Drops the expired idempotency keys of one tenant, in its own session. */
export class SweepRepository {
  constructor(private readonly database: Pick<DatabaseAccess, 'tenant'>) {}

  /** One page in a transaction of its own. */
  page(token: TenantToken, after: string): Promise<Swept> {
    return this.database.tenant(token, async (session) => {
      const { rows } = await session.queryLast<{
        last: string | null;
        seen: number;
        dropped: number;
      }>({ ...sweepKeys, values: [session.tenantId, after, PAGE] });
      const { last = null, seen = 0, dropped = 0 } = rows[0] ?? {};
      return { next: seen === PAGE && last !== null ? last : undefined, seen, dropped };
    });
  }

  /**
   * Puts the next sweep off.
   * @throws LostLeaseError when another worker has claimed the row since
   */
  async rest(token: TenantToken, lease: Lease, { empty }: { empty: boolean }): Promise<void> {
    await this.database.tenant(token, async (session) => {
      const key = [session.tenantId, lease.kind, lease.id];
      const { rows } = await session.query<{ claim_no: number }>({ ...lockWork, values: key });
      if (rows[0]?.claim_no !== lease.claimNo) throw new LostLeaseError();
      const again = empty ? AGAIN_WHEN_EMPTY : AGAIN;
      await session.queryLast({ ...restWork, values: [...key, again] });
    });
  }
}
