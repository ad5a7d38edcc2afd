import type { PriceList } from '@easyflow/domain-cost';
import type { DatabaseAccess, Lease, TenantSession, TenantToken } from '@easyflow/tenant-context';
import { hourOf } from './rollup-hour';
import {
  countHour,
  deleteWork,
  dropExpiredKeys,
  dropHour,
  insertHour,
  lockWork,
  postponeWork,
  readSettled,
  restWork,
} from './rollup.statements';

/**
 * A completion is stamped inside a transaction that may commit later. Statements of the system are cut off long
 * before this, so an hour that is counted this long after its end cannot change any more.
 */
export const settleMs = 120_000;

const HOUR_MS = 3_600_000;

/** Thrown when the hour was claimed again while it was counted: the other count stands. */
export class LostLeaseError extends Error {}

interface CountRow {
  flow_namespace: string;
  flow_name: string;
  mode: string;
  executions: string;
}

/** Counts the completed executions of one tenant and hour, and replaces what was counted before. */
export class RollupRepository {
  constructor(
    private readonly database: Pick<DatabaseAccess, 'tenant'>,
    private readonly prices: PriceList,
  ) {}

  /**
   * One transaction: the counters and what becomes of the work row.
   * @throws LostLeaseError, having changed nothing, when another worker has claimed the hour since
   */
  async recount(token: TenantToken, lease: Lease): Promise<void> {
    const hour = hourOf(lease.id);
    const settledAt = new Date(hour.getTime() + HOUR_MS + settleMs).toISOString();
    await this.database.tenant(token, async (session) => {
      const { rows } = await session.query<{ settled: boolean }>({
        ...readSettled,
        values: [settledAt],
      });
      await this.replace(session, hour);
      await finish(session, lease, { settled: rows[0]?.settled === true, settledAt });
    });
  }

  private async replace(session: TenantSession, hour: Date): Promise<void> {
    const values = [session.tenantId, hour.toISOString()];
    const { rows } = await session.query<CountRow>({ ...countHour, values });
    await session.query({ ...dropHour, values });
    if (rows.length === 0) return;
    await session.query({
      ...insertHour,
      values: [
        ...values,
        rows.map((row) => row.flow_namespace),
        rows.map((row) => row.flow_name),
        rows.map((row) => row.mode),
        rows.map((row) => row.executions),
        rows.map((row) => this.prices.cost(row.mode, BigInt(row.executions))),
      ],
    });
  }
}

/** A row that was woken is counted again soon; one whose hour is not settled is counted once more then; else it is done. */
async function finish(
  session: TenantSession,
  lease: Lease,
  { settled, settledAt }: { settled: boolean; settledAt: string },
): Promise<void> {
  const key = [session.tenantId, lease.id];
  const { rows } = await session.query<{ wake_seq: number; claim_no: number }>({
    ...lockWork,
    values: key,
  });
  const row = rows[0];
  // A later claim may have counted more: what this one found must not replace it.
  if (row?.claim_no !== lease.claimNo) throw new LostLeaseError();
  if (row.wake_seq !== lease.wakeSeq) {
    await session.query({ ...restWork, values: key });
    return;
  }
  if (!settled) {
    await session.query({ ...postponeWork, values: [...key, settledAt] });
    return;
  }
  await session.query({ ...deleteWork, values: key });
  await session.query({ ...dropExpiredKeys, values: [session.tenantId] });
}
