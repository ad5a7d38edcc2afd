import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

jest.setTimeout(300_000);

const root = path.join(__dirname, '../..');

/** Characters of a pumped text. */
const SIZE = 100_000;
/**
 * CPU that a pattern may take for one, in milliseconds. Linear ones take one or two; quadratic ones, a hundred times as
 * many steps as this allows.
 */
const MOST_MS = 250;

interface FoundPattern {
  place: string;
  source: string;
  flags: string;
}

function sources(): string[] {
  return ['apps', 'libs'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /(?<!\.spec|\.test|\.d)\.ts$/.test(entry.name))
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((file) => !/\/(?:dist|node_modules|e2e|testing)\//.test(file)),
  );
}

function patternsOf(file: string): FoundPattern[] {
  const text = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: FoundPattern[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      const line = text.getLineAndCharacterOfPosition(node.pos).line + 1;
      found.push({
        place: `${path.relative(root, file)}:${line}`,
        source: node.text.slice(1, end),
        flags: node.text.slice(end + 1),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(text);
  return found;
}

const LETTERS = [
  'a',
  'A',
  'e',
  '0',
  '1',
  ' ',
  '\n',
  '\r',
  '\t',
  '"',
  '\\',
  '.',
  ',',
  ':',
  '-',
  '/',
  '%',
  '{',
  '[',
  '(',
  '+',
  '=',
];

/** What the pattern names itself: its literal runs, such as `$secrets` or `wait`. */
function wordsOf(source: string): string[] {
  const plain = source
    .replace(/\\[dDwWsSbB]/g, '\0')
    .replace(/\\(.)/g, '$1')
    .split(/[\0[\](){}|*+?^]+/)
    .filter((word) => word.length > 0 && word.length < 40);
  return [...new Set(plain)];
}

/** Texts that are one thing again and again, after a beginning and with an end that fits nothing. */
function* pumpedFor({ source }: FoundPattern): Generator<string> {
  const words = wordsOf(source);
  const units = new Set([
    ...LETTERS.filter((letter) => 'a 0"\\'.includes(letter) || source.includes(letter)),
    ...words,
    '\\"',
    '\\\\',
    '1'.repeat(308) + ',',
    words.join(''),
  ]);
  for (const unit of units) {
    if (unit === '') continue;
    const pump = unit.repeat(Math.ceil(SIZE / unit.length)).slice(0, SIZE);
    for (const begin of ['', ...words.slice(0, 4)]) yield `${begin}${pump}\0`;
  }
}

function cpuOf(run: () => void): number {
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

/** As the product uses it: once, or to the end of the text. */
function use({ source, flags }: FoundPattern, text: string): void {
  const pattern = new RegExp(source, flags);
  if (!flags.includes('g')) {
    pattern.test(text);
    return;
  }
  let matches = 0;
  for (const match of text.matchAll(pattern)) matches += match.length;
  expect(matches).toBeGreaterThanOrEqual(0);
}

const all = sources().flatMap(patternsOf);

it('finds the patterns of the product', () => {
  expect(all.length).toBeGreaterThan(150);
});

it.each(all.map((each) => [`${each.place} /${each.source.slice(0, 60)}/`, each] as const))(
  'takes linear time: %s',
  (_, each) => {
    for (const text of pumpedFor(each)) {
      // What takes long once may have met a pause of the machine.
      const time = Math.min(...[1, 2].map(() => cpuOf(() => use(each, text))));
      if (time > MOST_MS) {
        throw new Error(`${time} ms of CPU for ${JSON.stringify(text.slice(0, 60))}…`);
      }
    }
  },
);

it('would find what it looks for', () => {
  const slow: FoundPattern = { place: '', source: String.raw`"(?:[^"\\]|\\.)*"`, flags: 'g' };
  const text = '\\"'.repeat(25_000);
  expect(cpuOf(() => use(slow, text))).toBeGreaterThan(MOST_MS);
});
