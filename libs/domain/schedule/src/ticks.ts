import type { Expression } from './expression';

/**
 * A tick up to this late still fires, each by itself: longer than any lease (30 s at most), so the death of one
 * scheduler costs no tick while another is up.
 */
export const CATCH_UP_MS = 45_000;

/** Ticks of one schedule fired in one transaction; the rest follows at once in the next. */
const MOST_AT_ONCE = 100;

/** What is to be done for a schedule now. Times in milliseconds since the epoch. */
export interface DueTicks {
  /** Ticks to fire, oldest first. */
  readonly fire: readonly number[];
  /** The tick after them; undefined when there is none any more. */
  readonly next: number | undefined;
}

/**
 * The ticks of an `every` or `cron` schedule that are due.
 *
 * Rule for missed ticks: a tick at most `CATCH_UP_MS` late fires, however late it is. Of the ticks missed by
 * more than that (all schedulers were down), only the most recent fires, and only when no later one does; the
 * others are skipped. Every tick fires at most once in any case.
 */
export function dueTicks(
  expression: Exclude<Expression, { kind: 'after' }>,
  nextTick: number,
  now: number,
): DueTicks {
  let tick: number | undefined = firstWorthALook(expression, nextTick, now);
  let missed: number | undefined;
  const fire: number[] = [];
  while (tick !== undefined && tick <= now && fire.length < MOST_AT_ONCE) {
    if (now - tick > CATCH_UP_MS) missed = tick;
    else fire.push(tick);
    tick = following(expression, tick);
  }
  if (fire.length === 0 && missed !== undefined) fire.push(missed);
  return { fire, next: tick };
}

/** Days of missed ticks are not walked one by one: those before the last that is too old are skipped. */
function firstWorthALook(
  expression: Exclude<Expression, { kind: 'after' }>,
  nextTick: number,
  now: number,
): number {
  return latestTick(expression, nextTick, now - CATCH_UP_MS);
}

/** The last tick up to a time, of a tick and those that follow it; that tick when none does. */
export function latestTick(
  expression: Exclude<Expression, { kind: 'after' }>,
  tick: number,
  until: number,
): number {
  if (tick >= until) return tick;
  if (expression.kind === 'every') {
    return tick + Math.floor((until - tick) / expression.every) * expression.every;
  }
  return lastBefore(expression.next, tick, until);
}

/** The last tick of a cron at or before `horizon`, found by looking back over growing spans. */
function lastBefore(
  next: (after: number) => number | undefined,
  first: number,
  horizon: number,
): number {
  for (let span = 60_000; horizon - span > first; span *= 4) {
    const found = next(horizon - span);
    if (found !== undefined && found <= horizon) return walk(next, found, horizon);
  }
  return walk(next, first, horizon);
}

function walk(next: (after: number) => number | undefined, from: number, horizon: number): number {
  let last = from;
  for (let tick = next(from); tick !== undefined && tick <= horizon; tick = next(tick)) last = tick;
  return last;
}

function following(
  expression: Exclude<Expression, { kind: 'after' }>,
  tick: number,
): number | undefined {
  return expression.kind === 'every' ? tick + expression.every : expression.next(tick);
}

/** The first tick of a schedule that becomes active now: `every` and `after` start one interval later. */
export function firstTick(expression: Expression, now: number): number | undefined {
  if (expression.kind === 'every') return now + expression.every;
  if (expression.kind === 'after') return now + expression.after;
  return expression.next(now);
}
