import { compileExpression, CpuAllowance, ExpressionInterrupted, type Json } from '.';
import { threadCpu } from './run/clock';

/** What the evaluations may take, in milliseconds of CPU, which other work on the machine does not change. */
const budget = 5;
/**
 * What is allowed on top: 50 ms, and as much again for collecting garbage and for code that
 * is not compiled yet. Without looks at the clock the cases took 100 ms to 8 s.
 */
const tolerance = 100;

const million = 1_000_000;

function list(length: number, make: (i: number) => Json): Json[] {
  return Array.from({ length }, (_, i) => make(i));
}

const mixed = (i: number) => (i * 7919) % 1_000_003;
const plain = () => 'Hello World '.repeat(850_000);
const flatText = (text: string) => Buffer.from(text).toString();

const values = {
  numbers: () => list(million, mixed),
  equalNumbers: () => list(million, () => 1),
  texts: () => list(million, (i) => `k${mixed(i)}`),
  objects: () => list(million / 2, (i) => ({ a: mixed(i), b: 'x' })),
  arrays: () => list(million, (i) => [i]),
  rows: () => list(1_000, () => list(1_000, (i) => i)),
  twoArrays: () => [list(million, (i) => i), list(million, (i) => i)],
  object: () => Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${mixed(i)}`, i])),
  twoObjects: () => {
    const make = () =>
      Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${mixed(i)}`, i]));
    return [make(), make()];
  },
  text: () => flatText(plain()),
  wideText: () => flatText('Häé😀llo \n"x" '.repeat(700_000)),
  controls: () => flatText('\u0001'.repeat(10 * million)),
  spaces: () => flatText(' '.repeat(10 * million)),
  commas: () => flatText('a,'.repeat(5 * million)),
  escapes: () => flatText('%41'.repeat(3 * million)),
  base64: () => flatText('QUJD'.repeat(2_500_000)),
  codes: () => list(3 * million, (i) => 65 + (i % 50)),
  json: () => JSON.stringify(list(million, (i) => ({ a: i }))),
  jsonOfJq: () => `${JSON.stringify(list(million, (i) => i)).slice(0, -1)},nan]`,
  digits: () => flatText(`${'1'.repeat(299)} `.repeat(33_000)),
  almostNumber: () => flatText(`${'1'.repeat(3 * million)}x`),
  needle: () => [flatText('a'.repeat(5 * million)), flatText(`b${'a'.repeat(400_000)}`)],
} satisfies Record<string, () => Json>;

const cases: readonly (readonly [keyof typeof values, readonly string[]])[] = [
  [
    'numbers',
    [
      'sort',
      'unique',
      'group_by(.)',
      'sort_by(-.)',
      'unique_by(.)',
      'min_by([.])',
      'tojson',
      'tostring',
      'join(",")',
      '@csv',
      '@sh',
      'to_entries',
      'del(.[])',
      'map(nan)',
      'reverse | sort',
      'indices([5, 6])',
      '. - [1, 2, 3]',
      'walk(.)',
      'last(limit(99999999; range(50) as $n | .[]))',
      '[skip(1; .[])]',
      'INDEX(.)',
    ],
  ],
  ['equalNumbers', ['group_by(.)', 'indices([1, 1, 1, 1, 1, 1, 1, 1, 1, 1])']],
  ['texts', ['sort', 'add', 'join(",")', '@csv', '@tsv', '@json', 'map(ltrimstr("k"))']],
  ['objects', ['sort', 'sort_by(.a)', 'group_by(.a)', 'max_by(.a)', 'tojson', 'add', 'error']],
  ['arrays', ['flatten', 'add', 'sort', 'unique', 'tojson']],
  ['rows', ['flatten', 'transpose', 'fromstream(tostream)']],
  [
    'twoArrays',
    [
      '[range(50) as $n | .[0] == .[1]]',
      '[range(50) as $n | .[0] < .[1]]',
      '.[0] as $x | .[1] | contains($x)',
      '.[0] - .[1]',
      '[range(50) as $n | sort]',
    ],
  ],
  ['object', ['keys', 'tojson', '[to_entries, to_entries]', 'with_entries(.)', '.a = 1 | .b = 2']],
  [
    'twoObjects',
    ['.[0] == .[1]', '.[0] < .[1]', '.[0] + .[1]', '.[0] * .[1]', '.[0] as $x | .[1] | inside($x)'],
  ],
  [
    'text',
    [
      'explode',
      'ascii_downcase',
      'ascii_upcase',
      'split(" ")',
      'split("")',
      'gsub("o"; "0")',
      '[match("o"; "g")]',
      '[scan("o")]',
      'split("o"; null)',
      'indices("o")',
      '@base64',
      '@base32',
      '@uri',
      '[range(1000000) as $i | startswith("x" * 5000)]',
      '[range(1000000) as $i | test("z")]',
    ],
  ],
  ['wideText', ['length', '.[5:-5]', 'utf8bytelength', 'explode', 'tojson', '@base64', '@uri']],
  ['controls', ['tojson', 'tojson | fromjson']],
  ['spaces', ['trim', 'rtrim', 'ltrim | tonumber?', '@uri']],
  ['commas', ['split(",")', 'indices(",")']],
  ['escapes', ['@urid']],
  ['base64', ['@base64d', '@base32d?']],
  ['codes', ['implode']],
  ['json', ['fromjson']],
  ['jsonOfJq', ['fromjson']],
  ['digits', ['fromjson']],
  ['almostNumber', ['[range(1000) as $i | tonumber?]']],
  [
    'needle',
    [
      '.[1] as $x | .[0] | indices($x)',
      '.[1] as $x | .[0] | contains($x)',
      '.[1] as $x | .[0] | split($x)',
    ],
  ],
];

describe.each(cases)('of %s', (name, programs) => {
  let value: Json;

  beforeAll(() => {
    value = values[name]();
  });

  afterAll(() => {
    value = null;
  });

  it.each(programs)('%s is interrupted soon after its time', (program) => {
    const expression = compileExpression(program);
    // The best of three: a collection of what earlier cases left, or a cold cache, is not the program's time.
    let least = Infinity;
    for (let attempt = 0; attempt < 3 && least >= budget + tolerance; attempt += 1) {
      const start = threadCpu();
      const cpu = new CpuAllowance(budget);
      expect(() => expression.collect(value, {}, { cpu, steps: 1e15, bytes: 2 ** 40 })).toThrow(
        ExpressionInterrupted,
      );
      least = Math.min(least, threadCpu() - start);
    }
    expect(least).toBeLessThan(budget + tolerance);
  });
});
