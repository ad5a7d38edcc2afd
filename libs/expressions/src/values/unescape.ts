import { step } from '../run/meter';

/** What is wrong with a JSON text; the message is jq's. */
export class Complaint extends Error {}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** What stands between the quotes of a JSON string, without escapes. Throws Complaint. */
export function unescape(raw: string): string {
  let text = '';
  for (let i = 0; i < raw.length; i += 1) {
    step();
    const character = raw[i] as string;
    if (character < ' ') {
      throw new Complaint(
        'Invalid string: control characters from U+0000 through U+001F must be escaped',
      );
    }
    if (character !== '\\') {
      text += character;
      continue;
    }
    i += 1;
    const letter = raw[i] ?? '';
    if (letter === 'u') {
      const [unit, used] = unicodeEscape(raw, i + 1);
      text += unit;
      i += used;
      continue;
    }
    const meant = escapes[letter];
    if (meant === undefined) throw new Complaint('Invalid escape');
    text += meant;
  }
  return text;
}

function unitAt(raw: string, at: number): number {
  const digits = raw.slice(at, at + 4);
  if (digits.length < 4) throw new Complaint('Invalid \\uXXXX escape');
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
    throw new Complaint('Invalid characters in \\uXXXX escape');
  }
  return parseInt(digits, 16);
}

function unicodeEscape(raw: string, at: number): readonly [string, number] {
  const first = unitAt(raw, at);
  if (first < 0xd800 || first > 0xdbff) {
    const isLone = first >= 0xdc00 && first <= 0xdfff;
    return [isLone ? '\ufffd' : String.fromCharCode(first), 4];
  }
  if (!/^\\u[dD][c-fC-F][0-9a-fA-F]{2}/.test(raw.slice(at + 4, at + 10))) {
    throw new Complaint('Invalid \\uXXXX\\uXXXX surrogate pair escape');
  }
  return [String.fromCharCode(first, unitAt(raw, at + 6)), 10];
}
