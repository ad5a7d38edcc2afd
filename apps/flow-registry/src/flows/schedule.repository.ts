import {
  awaitsEnd,
  scheduleRow,
  type CurrentSchedule,
  type ScheduleKind,
} from '@easyflow/domain-schedule';
import { newId } from '@easyflow/kernel-ids';
import { formatTime } from '@easyflow/kernel-time';
import type { TenantSession } from '@easyflow/tenant-context';
import type { CheckedContent } from './check-document';
import {
  deleteSchedule,
  deleteScheduleWork,
  enqueueSchedule,
  postponeSchedule,
  putSchedule,
  readSchedule,
} from './registry.statements';

interface StoredSchedule {
  id: string;
  kind: ScheduleKind;
  expression: string;
  last_tick: Date | null;
  next_tick: Date | null;
}

/**
 * Makes the schedule of a flow that of the version which becomes active, in the activation's transaction. A flow has
 * at most one schedule row; a version without a schedule ends it.
 * @throws UserError `schedule.invalid` for a cron expression or time zone that cannot be read
 */
export async function replaceSchedule(
  session: TenantSession,
  { flow, schedule, document }: Pick<CheckedContent, 'flow' | 'schedule' | 'document'>,
  now: number,
): Promise<void> {
  const { namespace, name, version } = flow;
  const { tenantId } = session;
  const stored = await readCurrent(session, flow);
  // Only a schedule needs more of the document, which may be large.
  const scheduled = { schedule, document: schedule && (JSON.parse(document) as unknown) };
  const next = scheduleRow(scheduled, { now, current: stored?.current });
  if (!next) {
    if (stored) await endSchedule(session, stored, now);
    return;
  }
  const id = stored?.id ?? newId();
  const nextTick = next.nextTick === undefined ? null : formatTime(next.nextTick);
  await session.query({
    ...putSchedule,
    values: [tenantId, id, namespace, name, version, next.kind, next.expression, nextTick],
  });
  // Without a next tick the scheduler looks now: the end of the run may have come just before.
  await session.query({
    ...enqueueSchedule,
    values: [tenantId, id, nextTick ?? formatTime(now)],
  });
  if (nextTick) await session.query({ ...postponeSchedule, values: [tenantId, id, nextTick] });
}

async function readCurrent(
  session: TenantSession,
  { namespace, name }: { namespace: string; name: string },
): Promise<{ id: string; current: CurrentSchedule } | undefined> {
  const { rows } = await session.query<StoredSchedule>({
    ...readSchedule,
    values: [session.tenantId, namespace, name],
  });
  const row = rows[0];
  if (!row) return undefined;
  const { id, kind, expression, last_tick, next_tick } = row;
  const ticks = { lastTick: last_tick?.getTime(), nextTick: next_tick?.getTime() };
  return { id, current: { kind, expression, ...ticks } };
}

/**
 * The schedule before its work row, as the scheduler locks them: the other way about the two would deadlock. An
 * `after` whose run is under way only rests: a version that brings it back goes on behind that run.
 */
async function endSchedule(
  session: TenantSession,
  { id, current }: { id: string; current: CurrentSchedule },
  now: number,
): Promise<void> {
  const { tenantId } = session;
  if (awaitsEnd(current)) {
    // Woken, so that a scheduler that has read it as active writes nothing.
    await session.query({ ...enqueueSchedule, values: [tenantId, id, formatTime(now)] });
    return;
  }
  await session.query({ ...deleteSchedule, values: [tenantId, id] });
  await session.query({ ...deleteScheduleWork, values: [tenantId, id] });
}
