/** A broken-down time, as C's `struct tm` but for the full year. Always UTC. */
export interface Time {
  year: number;
  /** 0 to 11 */
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  /** 0 is Sunday. */
  weekDay: number;
  /** From 0. */
  yearDay: number;
}

const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** Whether a year of the Gregorian calendar, extended both ways, has a leap day. */
export function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** The day of the year (from 0); the day may lie outside its month. */
export function yearDayOf(year: number, month: number, day: number): number {
  return (daysBefore[month] as number) + (month > 1 && isLeap(year) ? 1 : 0) + day - 1;
}

/**
 * Days from 1970-01-01 to a date. Counts in years that begin in March, so that the leap day is
 * the last (H. Hinnant, "chrono-compatible low-level date algorithms").
 */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month < 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The day of the week of a date; 0 is Sunday. */
export function weekDayOf(days: number): number {
  return (((days + 4) % 7) + 7) % 7;
}

/** The time of whole seconds since 1970. */
export function timeOf(seconds: number): Time {
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = (shiftedMonth + 2) % 12;
  const year = yearOfEra + era * 400 + (month < 2 ? 1 : 0);
  return {
    year,
    month,
    day,
    hour: Math.floor(rest / 3600),
    minute: Math.floor((rest % 3600) / 60),
    second: rest % 60,
    weekDay: weekDayOf(days),
    yearDay: yearDayOf(year, month, day),
  };
}

/** Seconds since 1970 of a time whose fields may be out of their ranges. */
export function secondsOf(time: Time): number {
  const year = time.year + Math.floor(time.month / 12);
  const month = ((time.month % 12) + 12) % 12;
  const days = daysFromCivil(year, month, 1) + time.day - 1;
  return days * 86_400 + time.hour * 3600 + time.minute * 60 + time.second;
}

/** The week of the year by ISO 8601, and the year that it belongs to. */
export function isoWeek(time: Time): { year: number; week: number } {
  const fromMonday = (time.weekDay + 6) % 7;
  const week = Math.floor((time.yearDay - fromMonday + 10) / 7);
  if (week < 1) return { year: time.year - 1, week: weeksIn(time.year - 1) };
  if (week > weeksIn(time.year)) return { year: time.year + 1, week: 1 };
  return { year: time.year, week };
}

function weeksIn(year: number): number {
  const last = weekDayOf(daysFromCivil(year, 11, 31));
  return last === 4 || (last === 5 && isLeap(year)) ? 53 : 52;
}

/** The days of the week, in English. */
export const dayNames = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** The months, in English. */
export const monthNames =
  'January February March April May June July August September October November December'.split(
    ' ',
  );

/** Formats that stand for longer ones, in the C locale. */
export const combined: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  x: '%m/%d/%y',
};
