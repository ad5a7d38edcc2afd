import { combined, dayNames, isoWeek, monthNames, secondsOf, type Time } from './calendar';

/** A field: its text, or a number with the width and the filler that it has by default. */
type Field = string | readonly [number: number, width: number, filler?: '0' | ' '];

function hour12(time: Time): number {
  return time.hour % 12 === 0 ? 12 : time.hour % 12;
}

function field(letter: string, time: Time, zone: string): Field | undefined {
  switch (letter) {
    case 'a':
      return (dayNames[time.weekDay] as string).slice(0, 3);
    case 'A':
      return dayNames[time.weekDay];
    case 'b':
    case 'h':
      return (monthNames[time.month] as string).slice(0, 3);
    case 'B':
      return monthNames[time.month];
    case 'C':
      return [Math.floor(time.year / 100), 1];
    case 'd':
      return [time.day, 2];
    case 'e':
      return [time.day, 2, ' '];
    case 'g':
      return [((isoWeek(time).year % 100) + 100) % 100, 2];
    case 'G':
      return [isoWeek(time).year, 1];
    case 'H':
      return [time.hour, 2];
    case 'I':
      return [hour12(time), 2];
    case 'j':
      return [time.yearDay + 1, 3];
    case 'k':
      return [time.hour, 2, ' '];
    case 'l':
      return [hour12(time), 2, ' '];
    case 'm':
      return [time.month + 1, 2];
    case 'M':
      return [time.minute, 2];
    case 'n':
      return '\n';
    case 'p':
      return time.hour < 12 ? 'AM' : 'PM';
    case 'P':
      return time.hour < 12 ? 'am' : 'pm';
    case 's':
      return [secondsOf(time), 1];
    case 'S':
      return [time.second, 2];
    case 't':
      return '\t';
    case 'u':
      return [((time.weekDay + 6) % 7) + 1, 1];
    case 'U':
      return [Math.floor((time.yearDay + 7 - time.weekDay) / 7), 2];
    case 'V':
      return [isoWeek(time).week, 2];
    case 'w':
      return [time.weekDay, 1];
    case 'W':
      return [Math.floor((time.yearDay + 7 - ((time.weekDay + 6) % 7)) / 7), 2];
    case 'y':
      return [((time.year % 100) + 100) % 100, 2];
    case 'Y':
      return [time.year, 1];
    case 'z':
      return '+0000';
    case 'Z':
      return zone;
    case '%':
      return '%';
    default:
      return undefined;
  }
}

function printField(value: Field, flags: string, width: string, letter: string): string {
  const isText = typeof value === 'string';
  if (flags === '' && width === '') {
    if (isText) return value;
    const [number, least, fill = '0'] = value;
    if (number >= 0) {
      const digits = String(number);
      return digits.length >= least ? digits : digits.padStart(least, fill);
    }
  }
  const filler = flags.includes('_')
    ? ' '
    : flags.includes('0')
      ? '0'
      : isText
        ? ' '
        : (value[2] ?? '0');
  let text: string;
  if (isText) text = value;
  else {
    const digits = String(Math.abs(value[0]));
    const sign = value[0] < 0 ? '-' : '';
    const wanted = width === '' ? value[1] : Number(width);
    const least = flags.includes('-') ? 0 : wanted - sign.length;
    text = filler === '0' ? sign + digits.padStart(least, '0') : (sign + digits).padStart(wanted);
    if (flags.includes('-')) text = sign + digits;
  }
  if (flags.includes('^')) text = text.toUpperCase();
  if (flags.includes('#'))
    text = letter === 'Z' || letter === 'p' ? text.toLowerCase() : text.toUpperCase();
  return width === '' || flags.includes('-') ? text : text.padStart(Number(width), filler);
}

/** No field is wider; a width is digits from a program. */
const widest = 1000;

/** A piece of a format: text, or what makes text of a time. */
type Piece = string | ((time: Time, zone: string) => string);

const directive = /%([-_0^#]*)(\d*)[EO]?(.)/gsu;
const formats = new Map<string, readonly Piece[]>();
const formatsKept = 64;

function pieceOf(all: string, flags: string, width: string, letter: string): Piece {
  if (Number(width) > widest) return ' '.repeat(widest);
  const inner = Object.hasOwn(combined, letter) ? combined[letter] : undefined;
  if (inner !== undefined) {
    const pieces = piecesOf(inner);
    return (time, zone) => printField(join(pieces, time, zone), flags, width, letter);
  }
  const isPlain = flags === '' && width === '';
  return (time, zone) => {
    const value = field(letter, time, zone);
    if (value === undefined) return all;
    if (isPlain && typeof value === 'string') return value;
    // Most fields are numbers of two digits.
    if (isPlain && value[1] === 2 && value[2] === undefined) {
      const number = value[0] as number;
      if (number >= 10 && number < 100) return String(number);
    }
    return printField(value, flags, width, letter);
  };
}

/** A format, taken apart once. */
function piecesOf(format: string): readonly Piece[] {
  const known = formats.get(format);
  if (known !== undefined) return known;
  const pieces: Piece[] = [];
  let from = 0;
  for (const found of format.matchAll(directive)) {
    const [all, flags = '', width = '', letter = ''] = found;
    if (found.index > from) pieces.push(format.slice(from, found.index));
    pieces.push(pieceOf(all, flags, width, letter));
    from = found.index + all.length;
  }
  pieces.push(format.slice(from));
  if (formats.size >= formatsKept) formats.clear();
  formats.set(format, pieces);
  return pieces;
}

function join(pieces: readonly Piece[], time: Time, zone: string): string {
  let text = '';
  for (const piece of pieces) text += typeof piece === 'string' ? piece : piece(time, zone);
  return text;
}

/**
 * C's `strftime`, with the flags and widths of glibc, in the C locale. Undefined where the
 * text is longer than jq makes room for.
 */
export function formatTime(format: string, time: Time, zone: string): string | undefined {
  const text = join(piecesOf(format), time, zone);
  return text.length >= format.length + 100 ? undefined : text;
}
