import { UserError } from '@easyflow/kernel-errors';

/** The daily window in which `eco` executions may start. */
export interface EcoWindow {
  /** Minutes after midnight, 0 to 1439. */
  readonly opens: number;
  /** Minutes after midnight; not later than `opens` means the next day; equal means always open. */
  readonly closes: number;
  /** IANA name. */
  readonly timeZone: string;
}

const TEXT = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)(?: (\S+))?$/;
const DAY = 24 * 60;
const MINUTE = 60_000;

/** The window when nothing is configured: at night. */
export const defaultEcoWindow: EcoWindow = { opens: 22 * 60, closes: 6 * 60, timeZone: 'UTC' };

/**
 * Reads `22:00-06:00` or `22:00-06:00 Europe/Berlin`; UTC when no time zone is named; `always` is never closed.
 * @throws UserError `schedule.invalid_eco_window`
 */
export function parseEcoWindow(text: string): EcoWindow {
  if (text === 'always') return { opens: 0, closes: 0, timeZone: 'UTC' };
  const [, fromHour, fromMinute, toHour, toMinute, timeZone = 'UTC'] = TEXT.exec(text) ?? [];
  if (fromHour === undefined || !isTimeZone(timeZone)) {
    throw new UserError(
      'schedule.invalid_eco_window',
      `"${text}" is not an eco window; write "22:00-06:00", "22:00-06:00 Europe/Berlin" or "always"`,
      { status: 422 },
    );
  }
  return {
    opens: Number(fromHour) * 60 + Number(fromMinute),
    closes: Number(toHour) * 60 + Number(toMinute),
    timeZone,
  };
}

/** Whether an eco execution may start now. */
export function ecoOpen(now: number, window: EcoWindow): boolean {
  const { opens, closes } = window;
  if (opens === closes) return true;
  const minute = minuteOfDay(now, window.timeZone);
  return opens < closes ? minute >= opens && minute < closes : minute >= opens || minute < closes;
}

/**
 * When an eco execution that is accepted now may start: now inside the window, else when it opens next
 * (milliseconds since the epoch). The `due_at` of its work row.
 */
export function ecoDueAt(now: number, window: EcoWindow): number {
  if (ecoOpen(now, window)) return now;
  const minute = minuteOfDay(now, window.timeZone);
  const wait = (window.opens - minute + DAY) % DAY;
  const guess = Math.floor(now / MINUTE) * MINUTE + wait * MINUTE;
  return firstOpen(guess, now, window);
}

/** On the days when the clock changes, the local distance is not the elapsed one: look around the guess. */
function firstOpen(guess: number, now: number, window: EcoWindow): number {
  const nextMinute = Math.floor(now / MINUTE) * MINUTE + MINUTE;
  let moment = window.timeZone === 'UTC' ? guess : Math.max(nextMinute, guess - 120 * MINUTE);
  while (!ecoOpen(moment, window)) moment += MINUTE;
  return moment;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function minuteOfDay(now: number, timeZone: string): number {
  if (timeZone === 'UTC') return Math.floor(now / MINUTE) % DAY;
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    formats.set(timeZone, format);
  }
  const [hour, minute] = format.format(now).split(':');
  return Number(hour) * 60 + Number(minute);
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
