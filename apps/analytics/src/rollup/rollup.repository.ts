import type { PriceList } from '@easyflow/domain-cost';
import { UnexpectedError } from '@easyflow/kernel-errors';
import type { Logger } from '@easyflow/platform-telemetry';
import type { DatabaseAccess, Lease, TenantSession, TenantToken } from '@easyflow/tenant-context';
import { LostLeaseError } from '../leases/lost-lease-error';
import { deleteWork, lockWork, postponeWork, restWork } from '../leases/work.statements';
import { addCounts, sameCounts, type FlowCount } from './hour-counts';
import { hourOf } from './rollup-hour';
import {
  countNew,
  dropCursor,
  dropHour,
  insertHour,
  moveCursor,
  readHour,
} from './rollup.statements';

/**
 * A completion is stamped inside a transaction that may commit later. Statements of the system are cut off long
 * before this, so an hour that is counted this long after its end cannot change any more.
 */
export const settleMs = 120_000;

const HOUR_MS = 3_600_000;
/** A busy hour is woken by every flush; it is counted again after as long as a wake waits. */
const REST = '3 seconds';

/** What stands of an hour. */
interface HourRow {
  settled: boolean;
  snapshot: string | null;
  uncounted_from: string | null;
  counted: FlowCount[];
}

interface CountRow {
  snapshot: string;
  counted_at: string;
  counted: FlowCount[];
}

/**
 * Counts the completed executions of one tenant and hour: what is new since the last count, and when the hour cannot
 * change any more once all of it.
 */
export class RollupRepository {
  constructor(
    private readonly database: Pick<DatabaseAccess, 'tenant'>,
    private readonly prices: PriceList,
    private readonly logger: Pick<Logger, 'error'>,
  ) {}

  /**
   * One transaction: the counters, how far they have come, and what becomes of the work row. A row that names no hour
   * is deleted.
   * @throws LostLeaseError, having changed nothing, when another worker has claimed the hour since
   */
  async count(token: TenantToken, lease: Lease): Promise<'counted' | 'dropped'> {
    const hour = hourOf(lease.id);
    if (!hour) {
      await this.database.tenant(token, (session) =>
        session.queryLast({ ...deleteWork, values: [session.tenantId, lease.kind, lease.id] }),
      );
      return 'dropped';
    }
    const settledAt = new Date(hour.getTime() + HOUR_MS + settleMs).toISOString();
    await this.database.tenant(token, async (session) => {
      const settled = await this.advance(session, hour, settledAt);
      await finish(session, lease, { hour, settled, settledAt });
    });
    return 'counted';
  }

  /** Whether the hour was settled before it was counted. */
  private async advance(session: TenantSession, hour: Date, settledAt: string): Promise<boolean> {
    const key = [session.tenantId, hour.toISOString()];
    const read = await session.query<HourRow>({ ...readHour, values: [...key, settledAt] });
    const stands = read.rows[0];
    if (!stands) throw new UnexpectedError('analytics.no_row', 'The state of an hour is one row');
    const { settled, snapshot, counted: before } = stands;
    const goesOn = snapshot !== null && !settled;
    const since = goesOn ? [stands.uncounted_from, snapshot] : [null, null];
    const { rows } = await session.query<CountRow>({ ...countNew, values: [...key, ...since] });
    const fresh = rows[0];
    if (!fresh) throw new UnexpectedError('analytics.no_row', 'A count of an hour is one row');
    const after = goesOn ? addCounts(before, fresh.counted) : fresh.counted;
    if (settled && snapshot !== null && !sameCounts(before, after)) {
      const { tenantId } = session;
      this.logger.error({ tenantId, hour, before, after }, 'an hour was counted wrong; corrected');
    }
    await Promise.all([
      settled || !sameCounts(before, after) ? this.replace(session, key, after) : undefined,
      session.query({ ...moveCursor, values: [...key, fresh.snapshot, fresh.counted_at] }),
    ]);
    return settled;
  }

  private async replace(
    session: TenantSession,
    key: readonly string[],
    counts: readonly FlowCount[],
  ): Promise<void> {
    await Promise.all([
      session.query({ ...dropHour, values: key }),
      session.query({
        ...insertHour,
        values: [
          ...key,
          counts.map((count) => count.namespace),
          counts.map((count) => count.name),
          counts.map((count) => count.mode),
          counts.map((count) => count.executions),
          counts.map((count) => this.prices.cost(count.mode, BigInt(count.executions))),
        ],
      }),
    ]);
  }
}

/** A row that was woken is counted again soon; one whose hour is not settled is counted once more then; else it is done. */
async function finish(
  session: TenantSession,
  lease: Lease,
  { hour, settled, settledAt }: { hour: Date; settled: boolean; settledAt: string },
): Promise<void> {
  const key = [session.tenantId, lease.kind, lease.id];
  const { rows } = await session.query<{ wake_seq: number; claim_no: number }>({
    ...lockWork,
    values: key,
  });
  const row = rows[0];
  if (row?.claim_no !== lease.claimNo) throw new LostLeaseError();
  if (row.wake_seq !== lease.wakeSeq) {
    await session.query({ ...restWork, values: [...key, REST] });
    return;
  }
  if (!settled) {
    await session.query({ ...postponeWork, values: [...key, settledAt] });
    return;
  }
  await session.query({ ...deleteWork, values: key });
  await session.query({ ...dropCursor, values: [session.tenantId, hour.toISOString()] });
}
