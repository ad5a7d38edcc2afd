import {
  dayNames,
  daysFromCivil,
  isLeap,
  monthNames,
  timeOf,
  weekDayOf,
  yearDayOf,
  type Time,
} from './calendar';

const combined: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  x: '%m/%d/%y',
};

/** The numbers that a letter reads: least, largest, digits. */
const numbers: Readonly<Record<string, readonly [number, number, number]>> = {
  C: [0, 99, 2],
  d: [1, 31, 2],
  e: [1, 31, 2],
  G: [0, 9999, 4],
  g: [0, 99, 2],
  H: [0, 23, 2],
  k: [0, 23, 2],
  I: [1, 12, 2],
  l: [1, 12, 2],
  j: [1, 366, 3],
  m: [1, 12, 2],
  M: [0, 59, 2],
  S: [0, 61, 2],
  u: [1, 7, 1],
  U: [0, 53, 2],
  V: [0, 53, 2],
  w: [0, 6, 1],
  W: [0, 53, 2],
  y: [0, 99, 2],
  Y: [0, 9999, 4],
};

const isSpace = (character: string | undefined) =>
  character !== undefined && ' \t\n\v\f\r'.includes(character);

/** glibc's `strptime`, in the C locale. */
class TimeParser {
  private at = 0;
  private pm = false;
  private hour12 = false;
  private century: number | undefined;
  private shortYear = false;
  private wantsDays = false;
  private knowsWeekDay = false;
  private knowsYearDay = false;
  private knowsMonth = false;
  private knowsDay = false;
  private week: { readonly number: number; readonly startsOn: 0 | 1 } | undefined;
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

  private skipSpace(): void {
    while (isSpace(this.text[this.at])) this.at += 1;
  }

  private parse(format: string): boolean {
    for (let i = 0; i < format.length; i += 1) {
      const character = format[i] as string;
      if (isSpace(character)) this.skipSpace();
      else if (character !== '%') {
        if (this.text[this.at] !== character) return false;
        this.at += 1;
      } else {
        i += 1;
        while ('-_0^#'.includes(format[i] ?? '.')) i += 1;
        if (format[i] === 'E' || format[i] === 'O') i += 1;
        if (!this.field(format[i] ?? '')) return false;
      }
    }
    return true;
  }

  private field(letter: string): boolean {
    const inner = Object.hasOwn(combined, letter) ? combined[letter] : undefined;
    if (inner !== undefined) return this.parse(inner);
    const range = Object.hasOwn(numbers, letter) ? numbers[letter] : undefined;
    if (range !== undefined) {
      const value = this.number(...range);
      if (value === undefined) return false;
      this.store(letter, value);
      return true;
    }
    switch (letter) {
      case '%':
        if (this.text[this.at] !== '%') return false;
        this.at += 1;
        return true;
      case 'n':
      case 't':
        this.skipSpace();
        return true;
      case 'a':
      case 'A':
        return this.name(dayNames, (index) => {
          this.time.weekDay = index;
          this.knowsWeekDay = true;
        });
      case 'b':
      case 'B':
      case 'h':
        return this.name(monthNames, (index) => this.store('m', index + 1));
      case 'p':
      case 'P':
        return this.halfOfDay();
      case 's':
        return this.epoch();
      case 'z':
        return this.offset();
      case 'Z':
        this.skipSpace();
        while (this.at < this.text.length && !isSpace(this.text[this.at])) this.at += 1;
        return true;
      default:
        return false;
    }
  }

  private number(least: number, largest: number, digits: number): number | undefined {
    while (this.text[this.at] === ' ') this.at += 1;
    let value = 0;
    let count = 0;
    while (count < digits && /[0-9]/.test(this.text[this.at] ?? '')) {
      value = value * 10 + Number(this.text[this.at]);
      this.at += 1;
      count += 1;
      if (value * 10 > largest) break;
    }
    return count === 0 || value < least || value > largest ? undefined : value;
  }

  private store(letter: string, value: number): void {
    const { time } = this;
    switch (letter) {
      case 'C':
        this.century = value;
        this.wantsDays = true;
        break;
      case 'd':
      case 'e':
        time.day = value;
        this.knowsDay = true;
        this.wantsDays = true;
        break;
      case 'H':
      case 'k':
        time.hour = value;
        this.hour12 = false;
        break;
      case 'I':
      case 'l':
        time.hour = value % 12;
        this.hour12 = true;
        break;
      case 'j':
        time.yearDay = value - 1;
        this.knowsYearDay = true;
        break;
      case 'm':
        time.month = value - 1;
        this.knowsMonth = true;
        this.wantsDays = true;
        break;
      case 'M':
        time.minute = value;
        break;
      case 'S':
        time.second = value;
        break;
      case 'u':
      case 'w':
        time.weekDay = value % 7;
        this.knowsWeekDay = true;
        break;
      case 'U':
      case 'W':
        this.week = { number: value, startsOn: letter === 'U' ? 0 : 1 };
        break;
      case 'y':
        time.year = value >= 69 ? 1900 + value : 2000 + value;
        this.shortYear = true;
        this.wantsDays = true;
        break;
      case 'Y':
        time.year = value;
        this.shortYear = false;
        this.century = undefined;
        this.wantsDays = true;
        break;
      default:
        // %G, %g and %V are read, and say nothing.
        break;
    }
  }

  private name(names: readonly string[], found: (index: number) => void): boolean {
    const rest = this.text.slice(this.at, this.at + 10).toLowerCase();
    for (const [index, name] of names.entries()) {
      for (const form of [name, name.slice(0, 3)]) {
        if (!rest.startsWith(form.toLowerCase())) continue;
        this.at += form.length;
        found(index);
        return true;
      }
    }
    return false;
  }

  private halfOfDay(): boolean {
    const half = this.text.slice(this.at, this.at + 2).toLowerCase();
    if (half !== 'am' && half !== 'pm') return false;
    this.pm = half === 'pm';
    this.at += 2;
    return true;
  }

  private epoch(): boolean {
    const digits = /^[0-9]+/.exec(this.text.slice(this.at))?.[0];
    if (digits === undefined || digits.length > 15) return false;
    this.at += digits.length;
    this.time = timeOf(Number(digits));
    return true;
  }

  /** The offset is read, and says nothing: jq keeps the time as it is written. */
  private offset(): boolean {
    this.skipSpace();
    const found = /^(?:Z|[+-]\d\d(?::?\d\d)?)/.exec(this.text.slice(this.at))?.[0];
    if (found === undefined) return false;
    this.at += found.length;
    return true;
  }

  /** What the fields that were read say about the others. */
  private complete(): void {
    const { time } = this;
    if (this.hour12 && this.pm) time.hour += 12;
    if (this.century !== undefined) {
      const years = this.shortYear ? ((time.year % 100) + 100) % 100 : 0;
      time.year = this.century * 100 + years;
    }
    if (this.wantsDays && !this.knowsWeekDay) {
      if (!(this.knowsMonth && this.knowsDay) && this.knowsYearDay) this.dateFromYearDay();
      time.weekDay = weekDayOf(daysFromCivil(time.year, time.month, time.day));
    }
    if (this.wantsDays && !this.knowsYearDay) {
      time.yearDay = yearDayOf(time.year, time.month, time.day);
    }
    if (this.week !== undefined && this.knowsWeekDay) this.dateFromWeek(this.week);
    if (time.day === 0) return;
    // What jq adds where C's function left the fields alone.
    if (time.weekDay === 8) {
      time.weekDay = weekDayOf(daysFromCivil(time.year, time.month, time.day));
    }
    if (time.yearDay === 367) time.yearDay = yearDayOf(time.year, time.month, time.day);
  }

  private dateFromYearDay(): void {
    const { time } = this;
    let month = 0;
    while (month < 11 && yearDayOf(time.year, month + 1, 1) <= time.yearDay) month += 1;
    if (!this.knowsMonth) time.month = month;
    if (!this.knowsDay) time.day = time.yearDay - yearDayOf(time.year, month, 1) + 1;
    this.knowsMonth = true;
    this.knowsDay = true;
  }

  private dateFromWeek({ number, startsOn }: { number: number; startsOn: 0 | 1 }): void {
    const { time } = this;
    const first = weekDayOf(daysFromCivil(time.year, 0, 1));
    const inWeek = (time.weekDay - startsOn + 7) % 7;
    if (!this.knowsYearDay) {
      time.yearDay = ((7 - (first - startsOn)) % 7) + (number - 1) * 7 + inWeek;
    }
    if (this.knowsDay && this.knowsMonth) return;
    const length = isLeap(time.year) ? 366 : 365;
    if (time.yearDay < 0 || time.yearDay >= length) return;
    this.dateFromYearDay();
  }
}

/** Reads a time; answers it and what follows in the text, or undefined. */
export function parseTime(text: string, format: string): { time: Time; rest: string } | undefined {
  return new TimeParser(text).run(format);
}
