import { UserError } from '@easyflow/kernel-errors';
import { parseDuration } from '@easyflow/kernel-time';
import { Cron } from 'croner';

/** How a schedule finds its next tick; the column `schedules.kind`. */
export type ScheduleKind = 'every' | 'cron' | 'after';

/** A schedule as the row holds it, read. Durations in milliseconds. */
export type Expression =
  | { readonly kind: 'every'; readonly every: number }
  | { readonly kind: 'after'; readonly after: number }
  | { readonly kind: 'cron'; readonly next: (after: number) => number | undefined };

/**
 * A schedule fires at most this often, milliseconds: ticks that are closer fall together. Each starts an execution, and
 * nobody reads ten results of one flow a second.
 */
export const SHORTEST_MS = 100;

/** The prefix by which a cron expression names its time zone, as in crontab(5) of several crons. */
const ZONE = /^CRON_TZ=(\S+)\s+/;

/** Writes what `readExpression` reads: `PT90S`, or `CRON_TZ=Europe/Berlin 30 2 * * *`. */
export function writeExpression(
  schedule:
    | { kind: 'every' | 'after'; milliseconds: number }
    | { kind: 'cron'; cron: string; timeZone: string },
): string {
  if (schedule.kind !== 'cron') return `PT${schedule.milliseconds / 1_000}S`;
  return ZONE.test(schedule.cron) ? schedule.cron : `CRON_TZ=${schedule.timeZone} ${schedule.cron}`;
}

/**
 * Reads the columns `kind` and `expression`.
 *
 * Daylight saving follows Vixie cron: a job at fixed times (no wildcard or step in its time fields) that falls
 * into the hour that is skipped runs at the first moment after it, and runs once when its hour comes twice; a
 * job at intervals keeps its interval in elapsed time. An `every` below `SHORTEST_MS` is that.
 * @throws UserError `schedule.invalid`
 */
export function readExpression(kind: ScheduleKind, text: string): Expression {
  if (kind === 'cron') return { kind, next: cronTicks(text) };
  const milliseconds = parseDuration(text);
  if (milliseconds <= 0) throw invalid(text, 'the duration must be longer than nothing');
  if (kind === 'after') return { kind, after: milliseconds };
  return { kind, every: Math.max(milliseconds, SHORTEST_MS) };
}

function cronTicks(text: string): (after: number) => number | undefined {
  const timeZone = ZONE.exec(text)?.[1] ?? 'UTC';
  const pattern = text.replace(ZONE, '');
  try {
    const cron = new Cron(pattern, {
      timezone: timeZone,
      paused: true,
      mode: '5-or-6-parts',
      fixedTimeRule: 'no-wildcard',
    });
    const next = (after: number) => cron.nextRun(new Date(after))?.getTime();
    // An unknown time zone shows only when it is used.
    next(0);
    return next;
  } catch (error) {
    throw invalid(text, error instanceof Error ? error.message : String(error));
  }
}

function invalid(text: string, reason: string): UserError {
  return new UserError('schedule.invalid', `"${text}" is not a schedule: ${reason}`, {
    status: 422,
  });
}
