import { formats } from './builtins.mjs';
import { strings } from './values.mjs';

const timeFormats = [
  '%Y-%m-%dT%H:%M:%SZ',
  '%A, %B %d, %Y',
  '%j %U %w',
  '%H:%M',
  '%e %b %y',
  '%s',
  '%D %T',
  '%I:%M:%S %p',
  '%G-W%V-%u',
  '%c',
  '%C %g %h %k %l %n %t %%',
  '%Z %z',
  '%F %R',
  '%r %x %X',
  '%a %W',
  '%Q %',
  '',
];
const timeTexts = [
  ['2015-03-05T23:51:47Z', '%Y-%m-%dT%H:%M:%SZ'],
  ['Thu, 05 Mar 2015 23:51:47 +0100', '%a, %d %b %Y %H:%M:%S %z'],
  ['10:20', '%H:%M'],
  ['1425599621', '%s'],
  ['5 march 99', '%d %B %y'],
  ['2015-064', '%Y-%j'],
  ['03/05/15', '%D'],
  ['11:51:47 PM', '%I:%M:%S %p'],
  ['2015-03-05 23:51', '%F %R'],
  ['2015-02-30', '%Y-%m-%d'],
  ['x', '%Y'],
  ['2015-03-05T23:51:47Z tail', '%Y-%m-%dT%H:%M:%SZ'],
];

/** A string with interpolations. */
export function interpolation(writer, depth, scope) {
  const { random } = writer;
  const format = random.chance(0.3) ? `${random.pick(formats)} ` : '';
  const rest = random.chance(0.3) ? `\\(${writer.expression(depth, scope)})` : '';
  return `${format}"x\\(${writer.expression(depth, scope)})y${rest}"`;
}

/** Builtins on texts, code points and times. */
export function withTexts(writer, depth, scope) {
  const { random } = writer;
  const part = () => writer.expression(depth, scope);
  const text = () => JSON.stringify(random.pick(strings));
  const format = () => JSON.stringify(random.pick(timeFormats));
  return random.pick([
    () => `(1425599621 | strftime(${format()}))`,
    () => `(1425599621.678 | gmtime | (strftime(${format()}), mktime, todate))`,
    () =>
      `(${random.pick(['0', '-1', '1e10', '253402300800', '-62135596800', '951782400'])} | (gmtime, todate, strftime(${format()})))`,
    () => `strftime(${format()})`,
    () => `strflocaltime(${format()})`,
    () => {
      const [given, layout] = random.pick(timeTexts);
      return `(${JSON.stringify(given)} | strptime(${JSON.stringify(layout)}) | (., mktime))`;
    },
    () => `(${text()} | strptime(${format()}))`,
    () => `("2015-03-05T23:51:47Z" | strptime("%Y-%m-%dT%H:%M:%SZ") | ${part()})`,
    () => `("2015-03-05T23:51:47Z" | (fromdate, fromdateiso8601))`,
    () => `(1425599621 | (todate, gmtime))`,
    () => `(${text()} | ${random.pick(formats)})`,
    () => `(${part()} | ${random.pick(formats)})`,
    () => `([${part()}, ${part()}] | ${random.pick(['@csv', '@tsv', '@sh', '@json', '@html'])})`,
    () => `(${part()} | @base64 | @base64d)`,
    () => `(${text()} | @uri | @urid)`,
    () => `(${text()} | explode | implode)`,
    () => `([${part()}] | implode)`,
    () => `(${text()} | (tonumber, toboolean)?)`,
    () => `(${text()} | fromjson)`,
    () => `(${text()} | try fromjson catch .)`,
    () => `(${text()} | .[${random.pick(['1:', ':2', '-2:', '1:3', ':-1', '0:1', '2:1'])}])`,
    () => `(${text()} * ${random.pick(['0', '1', '2', '0.5', '1.5', '-1', 'nan', 'null', '3'])})`,
    () => `(${text()} / ${text()})`,
    () => `(${text()} | (indices(${text()}), index(${text()}), rindex(${text()})))`,
    () => `(${text()} | split(${text()}) | join(${part()}))`,
    () => `(${text()} | (ltrimstr(${text()}), rtrimstr(${text()}), trimstr(${text()})))`,
    () =>
      `(${text()} | (trim, ltrim, rtrim, ascii_downcase, ascii_upcase, length, utf8bytelength))`,
    () => `(${text()} | contains(${text()}))`,
    () => `([${text()}, ${text()}, ${text()}] | sort)`,
    () => `(${text()} | (startswith(${text()}), endswith(${text()})))`,
    () => `([.[]? | tostring] | (join("-"), add, unique))`,
    () => `ltrimstr(${text()})`,
    () => `splits(${text()})`,
    () => `tojson`,
    () => `(${part()} | tojson)`,
    () =>
      `(${part()} | tostring | ${random.pick(['length', 'explode', 'fromjson?', '@html', 'ascii_upcase'])})`,
  ])();
}
