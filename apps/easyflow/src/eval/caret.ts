/** Of longer lines only what is around the column is shown. */
const widestLine = 100;
/** Of those, so much at least comes before the column. */
const before = 60;

/** Characters that terminals show two columns wide. */
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;

/** As wide a blank as the character; tabs stay tabs, however wide they are shown. */
function blankFor(character: string): string {
  if (character === '\t') return '\t';
  if (/\p{Mark}/u.test(character)) return '';
  return wide.test(character) ? '  ' : ' ';
}

/** The line of a text with a caret under a column; both count from 1, the column in UTF-16 units. */
export function caret(text: string, line: number, column: number): string {
  const whole = text.split('\n')[line - 1] ?? '';
  const isLong = whole.length > widestLine;
  const start = isLong ? Math.max(0, column - 1 - before) : 0;
  const end = isLong ? start + widestLine : whole.length;
  // Cutting may leave halves of a surrogate pair at the ends.
  const leading = `${start > 0 ? '…' : ''}${whole.slice(start, column - 1)}`.toWellFormed();
  const rest = `${whole.slice(column - 1, end)}${end < whole.length ? '…' : ''}`.toWellFormed();
  const indent = Array.from(leading, blankFor).join('');
  return `  ${leading}${rest}\n  ${indent}^`;
}
