import { firstTick } from './ticks';
import { readExpression, writeExpression, type ScheduleKind } from './expression';

/** What this room needs to know of a compiled flow. Durations in milliseconds. */
export interface ScheduledFlow {
  readonly schedule?:
    | {
        readonly every?: number | undefined;
        readonly cron?: string | undefined;
        readonly after?: number | undefined;
      }
    | undefined;
  readonly document: unknown;
}

/** The columns of `schedules` that come from the flow. */
export interface ScheduleRow {
  readonly kind: ScheduleKind;
  readonly expression: string;
  /**
   * Milliseconds since the epoch: `schedules.next_tick` and the `due_at` of the work row of kind `schedule`.
   * Undefined for an `after` whose run is under way: its end says.
   */
  readonly nextTick: number | undefined;
}

/** The ticks that a schedule already has, when a version replaces another. */
export interface CurrentSchedule {
  readonly kind: ScheduleKind;
  readonly expression: string;
  /** Milliseconds since the epoch. */
  readonly lastTick: number | undefined;
  readonly nextTick: number | undefined;
}

/** Whether the schedule waits for the end of the run that it started last. */
export function awaitsEnd({ kind, lastTick, nextTick }: CurrentSchedule): boolean {
  return kind === 'after' && nextTick === undefined && lastTick !== undefined;
}

/**
 * The row for a flow version that becomes active; undefined when the version has no schedule (an existing row
 * is then deleted). A version that keeps the expression of the one before it keeps its ticks too, so deploying
 * often never starves an `every`; one that has another keeps a tick that is due and not fired yet. An `after` whose run
 * is under way goes on waiting for its end: the runs of all versions make one chain.
 *
 * The time zone of a cron is `document.metadata.timezone` (IANA name), else `defaultTimeZone`.
 * @throws UserError `schedule.invalid` for a cron expression or time zone that cannot be read
 */
export function scheduleRow(
  flow: ScheduledFlow,
  options: { now: number; defaultTimeZone?: string; current?: CurrentSchedule | undefined },
): ScheduleRow | undefined {
  const text = expressionOf(flow, options.defaultTimeZone ?? 'UTC');
  if (!text) return undefined;
  const { current, now } = options;
  if (current && text.kind === 'after' && awaitsEnd(current)) {
    return { ...text, nextTick: undefined };
  }
  if (current?.nextTick !== undefined) {
    const keeps = sameSchedule(current, text) || current.nextTick <= now;
    if (keeps) return { ...text, nextTick: current.nextTick };
  }
  const nextTick = firstTick(readExpression(text.kind, text.expression), now);
  return nextTick === undefined ? undefined : { ...text, nextTick };
}

function sameSchedule(
  a: { kind: ScheduleKind; expression: string },
  b: { kind: ScheduleKind; expression: string },
): boolean {
  return a.kind === b.kind && a.expression === b.expression;
}

function expressionOf(
  flow: ScheduledFlow,
  defaultTimeZone: string,
): { kind: ScheduleKind; expression: string } | undefined {
  const schedule = flow.schedule;
  if (schedule?.every !== undefined) return interval('every', schedule.every);
  if (schedule?.after !== undefined) return interval('after', schedule.after);
  if (schedule?.cron === undefined) return undefined;
  const timeZone = timeZoneOf(flow.document) ?? defaultTimeZone;
  const expression = writeExpression({ kind: 'cron', cron: schedule.cron, timeZone });
  return { kind: 'cron', expression };
}

function interval(kind: 'every' | 'after', milliseconds: number) {
  return { kind, expression: writeExpression({ kind, milliseconds }) };
}

function timeZoneOf(document: unknown): string | undefined {
  const zone = property(property(property(document, 'document'), 'metadata'), 'timezone');
  return typeof zone === 'string' && zone !== '' ? zone : undefined;
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
