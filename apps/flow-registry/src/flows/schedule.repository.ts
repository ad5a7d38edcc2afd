import { scheduleRow, type ScheduleKind } from '@easyflow/domain-schedule';
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
  const { rows } = await session.query<StoredSchedule>({
    ...readSchedule,
    values: [tenantId, namespace, name],
  });
  const current = rows[0];
  // Only a schedule needs more of the document, which may be large.
  const scheduled = { schedule, document: schedule && (JSON.parse(document) as unknown) };
  const next = scheduleRow(scheduled, {
    now,
    current: current && {
      kind: current.kind,
      expression: current.expression,
      nextTick: current.next_tick?.getTime(),
    },
  });
  if (!next) {
    if (current) await endSchedule(session, current.id);
    return;
  }
  const id = current?.id ?? newId();
  const nextTick = formatTime(next.nextTick);
  await session.query({
    ...putSchedule,
    values: [tenantId, id, namespace, name, version, next.kind, next.expression, nextTick],
  });
  await session.query({ ...enqueueSchedule, values: [tenantId, id, nextTick] });
  await session.query({ ...postponeSchedule, values: [tenantId, id, nextTick] });
}

/** The schedule before its work row, as the scheduler locks them: the other way about the two would deadlock. */
async function endSchedule(session: TenantSession, id: string): Promise<void> {
  await session.query({ ...deleteSchedule, values: [session.tenantId, id] });
  await session.query({ ...deleteScheduleWork, values: [session.tenantId, id] });
}
