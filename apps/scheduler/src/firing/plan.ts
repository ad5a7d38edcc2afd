import {
  dueTicks,
  latestTick,
  readExpression,
  SHORTEST_MS,
  tickExecutionId,
  tickKey,
  type ScheduleKind,
} from '@easyflow/domain-schedule';
import type { Lease } from '@easyflow/tenant-context';

/** A row of `schedules`. */
export interface ScheduleRow {
  id: string;
  namespace: string;
  name: string;
  version: string;
  kind: ScheduleKind;
  expression: string;
  last_tick: Date | null;
  next_tick: Date | null;
  /** Whether its version is the flow's active one. Where none has a schedule, an `after` whose run is under way stays. */
  active: boolean;
}

/** An execution that a tick starts. */
export interface Tick {
  readonly key: string;
  /** When it was due, milliseconds since the epoch. */
  readonly at: number;
  readonly executionId: string;
  readonly flow: { readonly namespace: string; readonly name: string; readonly version: string };
  /** Written to `executions.parent_key`: the end of the execution wakes the schedule. */
  readonly parentKey: string | null;
}

/** What is written for a schedule that was claimed. Times in milliseconds since the epoch. */
export type Plan =
  | { readonly kind: 'remove'; readonly lease: Lease }
  | {
      readonly kind: 'move';
      readonly lease: Lease;
      readonly ticks: readonly Tick[];
      /** Whether ticks that were missed for too long are left out. */
      readonly skips: boolean;
      /** `Infinity`: only a wake makes it due again. */
      readonly dueAt: number;
      readonly lastTick: number | undefined;
      /** What `lastTick` is if none of `ticks` fires. */
      readonly tickBefore: number | undefined;
      readonly nextTick: number | undefined;
      /** Of a tick and those that follow it, the last up to a time. */
      readonly latest: (tick: number, until: number) => number;
    };

/**
 * Decides what a claimed schedule does now. `endOf` answers when an execution ended: undefined when it has not.
 * @throws UserError `schedule.invalid` when the row cannot be read
 */
export function planOf(
  lease: Lease,
  row: ScheduleRow,
  now: number,
  endOf: (executionId: string) => number | undefined,
): Plan {
  const expression = readExpression(row.kind, row.expression);
  const lastTick = row.last_tick?.getTime();
  const nextTick = row.next_tick?.getTime();
  if (expression.kind === 'after') {
    return planAfter(lease, row, now, { after: expression.after, lastTick, nextTick, endOf });
  }
  const latest = (tick: number, until: number): number => latestTick(expression, tick, until);
  if (nextTick === undefined) {
    const rest = { ticks: [], skips: false, dueAt: Infinity, lastTick, tickBefore: lastTick };
    return { kind: 'move', lease, ...rest, nextTick, latest };
  }
  const { fire, next } = dueTicks(expression, nextTick, now);
  return {
    kind: 'move',
    lease,
    ticks: fire.map((tick) => tickOf(row, tick, null)),
    skips: fire[0] !== undefined && fire[0] > nextTick,
    dueAt: next ?? Infinity,
    lastTick: fire.at(-1) ?? lastTick,
    tickBefore: lastTick,
    nextTick: next,
    latest,
  };
}

/** The execution whose end an `after` waits for; undefined when it waits for none. */
export function awaitedExecution(row: ScheduleRow): string | undefined {
  if (row.kind !== 'after' || row.next_tick || !row.last_tick) return undefined;
  return tickExecutionId(row.id, row.last_tick.getTime());
}

function planAfter(
  lease: Lease,
  row: ScheduleRow,
  now: number,
  at: {
    after: number;
    lastTick: number | undefined;
    nextTick: number | undefined;
    endOf: (executionId: string) => number | undefined;
  },
): Plan {
  const { lastTick } = at;
  const before = { lastTick, tickBefore: lastTick };
  const base = { kind: 'move' as const, lease, ticks: [], skips: false, ...before, latest: same };
  const awaited = awaitedExecution(row);
  const ended = awaited === undefined ? undefined : at.endOf(awaited);
  const earliest = (lastTick ?? -Infinity) + SHORTEST_MS;
  const tick =
    at.nextTick ?? (ended === undefined ? undefined : Math.max(ended + at.after, earliest));
  const rest = { ...base, dueAt: Infinity, nextTick: undefined };
  if (!row.active) {
    // The run has ended: a version that brings the schedule back begins anew.
    return ended === undefined ? rest : { ...rest, lastTick: undefined };
  }
  if (tick === undefined) return rest;
  if (tick > now) return { ...base, dueAt: tick, nextTick: tick };
  const ticks = [tickOf(row, tick, `schedule:${row.id}`)];
  return { ...base, ticks, dueAt: Infinity, lastTick: tick, nextTick: undefined };
}

/** An `after` has one tick at a time. */
function same(tick: number): number {
  return tick;
}

function tickOf(row: ScheduleRow, tick: number, parentKey: string | null): Tick {
  return {
    key: tickKey(row.id, tick),
    at: tick,
    executionId: tickExecutionId(row.id, tick),
    flow: { namespace: row.namespace, name: row.name, version: row.version },
    parentKey,
  };
}
