import { combined, dayNames, isoWeek, monthNames, secondsOf, type Time } from './calendar';

/** A field: its text, or a number with the width and the filler that it has by default. */
type Field = string | readonly [number: number, width: number, filler?: '0' | ' '];

function hour12(time: Time): number {
  return time.hour % 12 === 0 ? 12 : time.hour % 12;
}

const lastTwo = (year: number) => ((year % 100) + 100) % 100;
const fromMonday = (time: Time) => (time.weekDay + 6) % 7;

/** What the letters stand for; `b` is also `h`. */
const fields: Readonly<Record<string, (time: Time, zone: string) => Field>> = {
  a: (time) => (dayNames[time.weekDay] as string).slice(0, 3),
  A: (time) => dayNames[time.weekDay] as string,
  b: (time) => (monthNames[time.month] as string).slice(0, 3),
  B: (time) => monthNames[time.month] as string,
  C: (time) => [Math.floor(time.year / 100), 1],
  d: (time) => [time.day, 2],
  e: (time) => [time.day, 2, ' '],
  g: (time) => [lastTwo(isoWeek(time).year), 2],
  G: (time) => [isoWeek(time).year, 1],
  H: (time) => [time.hour, 2],
  I: (time) => [hour12(time), 2],
  j: (time) => [time.yearDay + 1, 3],
  k: (time) => [time.hour, 2, ' '],
  l: (time) => [hour12(time), 2, ' '],
  m: (time) => [time.month + 1, 2],
  M: (time) => [time.minute, 2],
  n: () => '\n',
  p: (time) => (time.hour < 12 ? 'AM' : 'PM'),
  P: (time) => (time.hour < 12 ? 'am' : 'pm'),
  s: (time) => [secondsOf(time), 1],
  S: (time) => [time.second, 2],
  t: () => '\t',
  u: (time) => [fromMonday(time) + 1, 1],
  U: (time) => [Math.floor((time.yearDay + 7 - time.weekDay) / 7), 2],
  V: (time) => [isoWeek(time).week, 2],
  w: (time) => [time.weekDay, 1],
  W: (time) => [Math.floor((time.yearDay + 7 - fromMonday(time)) / 7), 2],
  y: (time) => [lastTwo(time.year), 2],
  Y: (time) => [time.year, 1],
  z: () => '+0000',
  Z: (_, zone) => zone,
  '%': () => '%',
};

function printField(value: Field, flags: string, width: string, letter: string): string {
  const isText = typeof value === 'string';
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

const directive = /%([-_0^#]*)((?:[1-9]\d*)?)[EO]?(.)/gsu;
const formats = new Map<string, readonly Piece[]>();
const formatsKept = 64;

function pieceOf(all: string, flags: string, width: string, letter: string): Piece {
  if (Number(width) > widest) return ' '.repeat(widest);
  const inner = combined[letter];
  if (inner !== undefined) {
    const pieces = piecesOf(inner);
    return (time, zone) => printField(join(pieces, time, zone), flags, width, letter);
  }
  const field = fields[letter === 'h' ? 'b' : letter];
  if (field === undefined) return all;
  const isPlain = flags === '' && width === '';
  return (time, zone) => {
    const value = field(time, zone);
    if (isPlain) {
      if (typeof value === 'string') return value;
      // Most fields are numbers of as many digits as they shall have.
      const [number, least] = value;
      if (number >= 10 ** (least - 1)) return String(number);
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
