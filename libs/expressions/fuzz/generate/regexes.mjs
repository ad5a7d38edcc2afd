import { strings } from './values.mjs';

const atoms = [
  'a',
  'b',
  'x',
  '.',
  '\\\\d',
  '\\\\w',
  '\\\\s',
  '[a-c]',
  '[^a]',
  ',',
  ' ',
  'l',
  'o',
  'é',
  '\\\\b',
];
const rareAtoms = [
  '\\\\S',
  '\\\\W',
  '\\\\h',
  '\\\\B',
  '\\\\A',
  '\\\\z',
  '\\\\Z',
  '\\\\G',
  '[[:alpha:]]',
  '[[:upper:][:digit:]]',
  '[^[:space:]]',
  '\\\\p{L}',
  '\\\\P{Ll}',
  '[a-z&&[^b]]',
  '\\\\x41',
  '\\\\R',
  '\\\\X',
  '日',
  '😀',
  '\\\\u00e9',
  '(?i)A',
  '(?i:X)',
  '\\\\1',
];
const repeats = [
  '',
  '',
  '',
  '',
  '*',
  '+',
  '?',
  '{1,2}',
  '{2}',
  '*?',
  '+?',
  '??',
  '++',
  '{,2}',
  '{2,}',
];

/** A random pattern, escaped for a jq string. */
function pattern(random, depth = 2) {
  const parts = random.some(1, 3, () => {
    const kind = random.below(depth > 0 ? 10 : 6);
    if (kind < 6) {
      const atom = random.pick(random.chance(0.15) ? rareAtoms : atoms);
      return /^\\\\[bBAzZG]$/.test(atom) ? atom : atom + random.pick(repeats);
    }
    const inner = pattern(random, depth - 1);
    if (kind === 6) return `(${inner})${random.pick(repeats)}`;
    if (kind === 7) return `(?<${random.pick(['n', 'm'])}>${inner})`;
    if (kind === 8) return `(?:${inner})${random.pick(repeats)}`;
    return random.pick([
      `(?=${inner})`,
      `(?!${inner})`,
      `(?>${inner})`,
      '(?<=a)',
      '(?<!b)',
      '^',
      '$',
      `(?:${inner}|${pattern(random, 0)})`,
      `(${inner}|${pattern(random, 0)})`,
    ]);
  });
  return parts.join('');
}

const flags = ['null', '"g"', '"i"', '"gi"', '"gn"', '"x"', '"s"', '"l"', '"p"', '""', '"z"', '1'];

/** A call of a builtin on regular expressions. */
export function regex(writer, depth, scope) {
  const { random } = writer;
  const source = `"${pattern(random)}"`;
  const letters = random.pick(flags);
  const name = random.pick(['test', 'match', 'capture', 'scan', 'splits', 'split', 'sub', 'gsub']);
  const subject = random.chance(0.7) ? `${JSON.stringify(random.pick(strings))} | ` : '';
  if (name === 'sub' || name === 'gsub') {
    const text = random.pick([
      () => writer.string(),
      () => '"<\\(.n)>"',
      () => '.n // "-"',
      () => '"1", "2"',
      () => writer.expression(Math.min(depth, 1), { ...scope, labels: [] }),
    ])();
    const third = random.chance(0.2) ? `; ${letters}` : '';
    return `(${subject}${name}(${source}; ${text}${third}))`;
  }
  if (random.chance(0.1)) return `(${subject}${name}([${source}, ${letters}]))`;
  if (random.chance(0.4) && name !== 'split') return `(${subject}${name}(${source}))`;
  return `(${subject}${name}(${source}; ${letters}))`;
}
