import {
  combined,
  dayNames,
  daysFromCivil,
  isLeap,
  monthNames,
  timeOf,
  weekDayOf,
  yearDayOf,
  type Time,
} from './calendar';

/** Letters that read what another one reads. */
const sameAs: Readonly<Record<string, string>> = {
  A: 'a',
  B: 'b',
  e: 'd',
  h: 'b',
  k: 'H',
  l: 'I',
  P: 'p',
  t: 'n',
};

type Reading = readonly [
  least: number,
  largest: number,
  digits: number,
  field?: keyof Time,
  toField?: (value: number) => number,
];

const fromOne = (value: number) => value - 1;
const ofWeek: Reading = [0, 53, 2];

/** The numbers that a letter reads, and the field that they go to; %G, %g and %V say nothing. */
const numbers: Readonly<Record<string, Reading>> = {
  C: [0, 99, 2],
  d: [1, 31, 2, 'day'],
  G: [0, 9999, 4],
  g: [0, 99, 2],
  H: [0, 23, 2, 'hour'],
  I: [1, 12, 2, 'hour', (hour) => hour % 12],
  j: [1, 366, 3, 'yearDay', fromOne],
  m: [1, 12, 2, 'month', fromOne],
  M: [0, 59, 2, 'minute'],
  S: [0, 61, 2, 'second'],
  u: [1, 7, 1, 'weekDay', (day) => day % 7],
  U: ofWeek,
  V: ofWeek,
  w: [0, 6, 1, 'weekDay'],
  W: ofWeek,
  y: [0, 99, 2, 'year', (year) => year + (year >= 69 ? 1900 : 2000)],
  Y: [0, 9999, 4, 'year'],
};

/** What a letter says in place of others that were read before. */
const replaces: Readonly<Record<string, string>> = { H: 'I', U: 'W', W: 'U', Y: 'yC' };

/** glibc's `strptime`, in the C locale. */
class TimeParser {
  private at = 0;
  private pm = false;
  /** The numbers that were read, by their letters. */
  private readonly read = new Map<string, number>();
  private time: Time = {
    year: 1900,
    month: 0,
    day: 0,
    hour: 0,
    minute: 0,
    second: 0,
    // What C's code leaves where nothing was read.
    weekDay: 8,
    yearDay: 367,
  };

  constructor(private readonly text: string) {}

  run(format: string): { time: Time; rest: string } | undefined {
    if (!this.parse(format)) return undefined;
    this.complete();
    return { time: this.time, rest: this.text.slice(this.at) };
  }

  /** What a pattern finds at the place reached, which then lies behind it. */
  private take(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.text.slice(this.at))?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private skipSpace(): void {
    this.take(/^[ \t\n\v\f\r]+/);
  }

  private parse(format: string): boolean {
    for (const [text, letter] of format.matchAll(/%[-_0^#]*[EO]?(.?)|[^]/g)) {
      if (letter !== undefined) {
        if (!this.field(letter)) return false;
      } else if (/[ \t\n\v\f\r]/.test(text)) this.skipSpace();
      else if (this.text[this.at] === text) this.at += 1;
      else return false;
    }
    return true;
  }

  private field(written: string): boolean {
    const inner = combined[written];
    if (inner !== undefined) return this.parse(inner);
    const letter = sameAs[written] ?? written;
    if (numbers[letter] !== undefined) return this.number(letter);
    switch (letter) {
      case '%':
        if (this.text[this.at] !== '%') return false;
        this.at += 1;
        return true;
      case 'n':
        this.skipSpace();
        return true;
      case 'a':
        return this.name(dayNames, 'w', 0);
      case 'b':
        return this.name(monthNames, 'm', 1);
      case 'p':
        return this.halfOfDay();
      case 's':
        return this.epoch();
      case 'z':
        return this.offset();
      case 'Z':
        this.skipSpace();
        this.take(/^[^ \t\n\v\f\r]+/);
        return true;
      default:
        return false;
    }
  }

  private number(letter: string): boolean {
    const [least, largest, digits] = numbers[letter] as Reading;
    this.take(/^ +/);
    let value = 0;
    let count = 0;
    while (count < digits && /[0-9]/.test(this.text[this.at] ?? '')) {
      value = value * 10 + Number(this.text[this.at]);
      this.at += 1;
      count += 1;
      if (value * 10 > largest) break;
    }
    if (count === 0 || value < least || value > largest) return false;
    this.store(letter, value);
    return true;
  }

  private store(letter: string, value: number): void {
    const [, , , field, toField] = numbers[letter] as Reading;
    if (field !== undefined) this.time[field] = toField === undefined ? value : toField(value);
    for (const other of replaces[letter] ?? '') this.read.delete(other);
    this.read.set(letter, value);
  }

  /** Reads one of some names, or the first three letters of it, as a number. */
  private name(names: readonly string[], letter: string, first: number): boolean {
    const rest = this.text.slice(this.at, this.at + 10).toLowerCase();
    for (const [index, name] of names.entries()) {
      for (const form of [name, name.slice(0, 3)]) {
        if (!rest.startsWith(form.toLowerCase())) continue;
        this.at += form.length;
        this.store(letter, index + first);
        return true;
      }
    }
    return false;
  }

  private halfOfDay(): boolean {
    const half = this.take(/^[ap]m/i);
    this.pm = /p/i.test(half ?? '');
    return half !== undefined;
  }

  private epoch(): boolean {
    const digits = this.take(/^[0-9]{1,15}(?![0-9])/);
    if (digits === undefined) return false;
    this.time = timeOf(Number(digits));
    return true;
  }

  /** The offset is read, and says nothing: jq keeps the time as it is written. */
  private offset(): boolean {
    this.skipSpace();
    return this.take(/^(?:Z|[+-]\d\d(?::?\d\d)?)/) !== undefined;
  }

  /** What the fields that were read say about the others. */
  private complete(): void {
    const { time, read } = this;
    if (this.pm && read.has('I')) time.hour += 12;
    const century = read.get('C');
    if (century !== undefined) time.year = century * 100 + (read.has('y') ? time.year % 100 : 0);
    const knowsWeekDay = read.has('u') || read.has('w');
    if (['C', 'd', 'm', 'y', 'Y'].some((letter) => read.has(letter))) {
      if (!knowsWeekDay) {
        if (!this.knowsDate() && read.has('j')) this.dateFromYearDay();
        time.weekDay = dayOfWeek(time);
      }
      if (!read.has('j')) time.yearDay = yearDayOf(time.year, time.month, time.day);
    }
    const week = read.get('U') ?? read.get('W');
    if (week !== undefined && knowsWeekDay) this.dateFromWeek(week, read.has('U') ? 0 : 1);
    if (time.day === 0) return;
    // What jq adds where C's function left the fields alone.
    if (time.weekDay === 8) time.weekDay = dayOfWeek(time);
    if (time.yearDay === 367) time.yearDay = yearDayOf(time.year, time.month, time.day);
  }

  private knowsDate(): boolean {
    return this.read.has('m') && this.read.has('d');
  }

  private dateFromYearDay(): void {
    const { time, read } = this;
    let month = 0;
    while (month < 11 && yearDayOf(time.year, month + 1, 1) <= time.yearDay) month += 1;
    if (!read.has('m')) this.store('m', month + 1);
    if (!read.has('d')) this.store('d', time.yearDay - yearDayOf(time.year, month, 1) + 1);
  }

  private dateFromWeek(week: number, startsOn: 0 | 1): void {
    const { time } = this;
    const first = weekDayOf(daysFromCivil(time.year, 0, 1));
    const inWeek = (time.weekDay - startsOn + 7) % 7;
    if (!this.read.has('j')) {
      time.yearDay = ((7 - (first - startsOn)) % 7) + (week - 1) * 7 + inWeek;
    }
    if (this.knowsDate()) return;
    const length = isLeap(time.year) ? 366 : 365;
    if (time.yearDay >= 0 && time.yearDay < length) this.dateFromYearDay();
  }
}

function dayOfWeek({ year, month, day }: Time): number {
  return weekDayOf(daysFromCivil(year, month, day));
}

/** Reads a time; answers it and what follows in the text, or undefined. */
export function parseTime(text: string, format: string): { time: Time; rest: string } | undefined {
  return new TimeParser(text).run(format);
}
