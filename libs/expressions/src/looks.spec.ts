import { builtinNames, compileExpression, CpuAllowance, ExpressionInterrupted, type Json } from '.';
import { meter } from './run/meter';

jest.setTimeout(120_000);

/** Looks at the clock that a run may take: the clock of these tests goes by by a millisecond at each. */
const allowed = 25;
/** Bytes that may be built between two looks, what is asked for in advance aside. */
const mostBytes = 8 * 1024 * 1024;

/** Every look at the clock, with the bytes that could still be built then. */
const looks: number[] = [];
/** What was asked for in advance since the last look, in milliseconds. */
let demanded = 0;

beforeEach(() => {
  jest.spyOn(performance, 'now').mockImplementation(() => looks.push(meter.room));
  jest
    .spyOn(process, 'threadCpuUsage')
    .mockImplementation(() => ({ user: looks.length * 1_000, system: 0 }));
  const demand = jest.spyOn(CpuAllowance.prototype, 'demand');
  demand.mockImplementation((milliseconds) => {
    demanded = Math.max(demanded, milliseconds);
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

const size = 30_000;
const deep = (levels: number): Json => {
  let value: Json = 1;
  for (let i = 0; i < levels; i += 1) value = [value];
  return value;
};
const inputs: Readonly<Record<string, () => Json>> = {
  numbers: () => Array.from({ length: size }, (_, i) => (i * 7919) % 1_000_003),
  texts: () => Array.from({ length: size }, (_, i) => `k${i}`),
  rows: () => Array.from({ length: size / 10 }, (_, i) => [i, `v${i}`, { a: i }]),
  object: () => Object.fromEntries(Array.from({ length: size }, (_, i) => [`k${i}`, i])),
  text: () => Buffer.from('Häé😀llo, World 12 '.repeat(size)).toString(),
  'a deep array': () => deep(9_000),
};

const argumentKinds = ['.', '1', '"a"', '.[]?', '"(a|aa)+$"', '[1, "a"]'];

function programsOf(key: string): readonly string[] {
  const [name = '', count = '0'] = key.split('/');
  if (count === '0') return [name];
  return argumentKinds.map((kind) => `${name}(${Array(Number(count)).fill(kind).join('; ')})`);
}

/** A demand counts steps of 100 ns, and one of them stands for 64 bytes. */
const bytesAMillisecond = 64 * 10_000;

/** Complaints about one run: too many looks, or too much between two of them. */
function complaintsAbout(program: string, input: Json): string[] {
  const expression = compileExpression(program);
  looks.length = 0;
  const cpu = new CpuAllowance(allowed);
  demanded = 0;
  let isInterrupted = false;
  try {
    expression.first(input, {}, { cpu, steps: 1e15, bytes: 2 ** 40 });
  } catch (error) {
    isInterrupted = error instanceof ExpressionInterrupted;
  }
  // The first look made the allowance, the second may be one that was due from the evaluation before.
  const rooms = looks.slice(2);
  const most = rooms.reduce((sum, room, i) => Math.max(sum, (rooms[i - 1] ?? room) - room), 0);
  const isLate = isInterrupted && looks.length > allowed + 2;
  const asked = demanded * bytesAMillisecond;
  return [
    ...(isLate ? [`${program}: ${looks.length} looks`] : []),
    ...(most > mostBytes + asked ? [`${program}: ${most} bytes between two looks`] : []),
  ];
}

describe.each(Object.keys(inputs))('over %s', (name) => {
  it('no builtin does much between two looks at the clock', () => {
    const input = (inputs[name] as () => Json)();
    const programs = builtinNames().flatMap(programsOf);
    expect(programs.flatMap((program) => complaintsAbout(program, input))).toEqual([]);
  });
});

describe('an evaluation that means harm looks at the clock', () => {
  it.each([
    '[limit(1e7; repeat(1))] | length',
    '[range(1e7)] | length',
    'last(range(1e12))',
    'def f: f; f',
    'def f(n): if n == 0 then 0 else f(n - 1) end; f(1e4)',
    'def f: ., f; last(f)',
    '[range(1e6)] | sort_by(-.) | group_by(. % 7) | length',
    '[range(1e6) | {key: "k\\(. % 1000)", value: .}] | from_entries | length',
    '[range(1e5)] | [range(1e4) as $i | .[1:]] | length',
    '[range(1e5)] | [range(1e4) as $i | . == .] | length',
    '[range(200)] | [combinations(3)] | length',
    '[range(1e6)] | [paths] | length',
    '[range(1e6)] | tojson | fromjson | length',
    'reduce range(60) as $i ([1]; [., .]) | tojson | length',
    'reduce range(60) as $i ({}; {a: ., b: .}) | [..] | length',
    'reduce range(1e9) as $i (""; . + "x") | length',
    '[range(1e6) | tostring] | join(",") | length',
    '[range(1e6) | todate | fromdate] | length',
    '[range(1e6) | strftime("%c %j %U")] | length',
    '[range(1e6) | "10:20" | strptime("%H:%M")] | length',
    '[range(1e4) | jn(. * 1000; 1e6)] | length',
    `("ab" * 500000) | gsub("a"; "bb") | length`,
    `("ab" * 500000) | [match("(a|b)+?"; "g")] | length`,
    `("a" * 500000) + "b" | test("(a+)+$")`,
    `("a" * 500000) + "b" | test("(a|aa)+$")`,
    `("a" * 500000) | [match(".*.*=.*"; "g")] | length`,
    `("a" * 500000) | [match("(?<=a*)b"; "g")] | length`,
    `[range(1e6) | tostring as $p | "abc" | test("a{1,9}\\($p)")] | length`,
    `("a," * 500000) | [range(1000) as $i | split(",")] | length`,
    `("é" * 500000) | [range(1000) as $i | .[3:5]] | length`,
    `("é" * 500000) | [range(1000) as $i | @base64 | @base64d] | length`,
    `("é" * 500000) | [range(1000) as $i | @uri | @urid] | length`,
    `("é" * 500000) | [range(1000) as $i | explode | implode] | length`,
    `("é" * 500000) | [range(1000) as $i | ascii_downcase, ltrimstr("é"), trim] | length`,
    '[range(1e6) | try error({a: .}) catch .a] | length',
    '[range(1e6) | label $out | 1, break $out] | length',
    '[range(1e6) | . as [$a] ?// $a | $a] | length',
    '[range(1e7) | try input catch .] | length',
    '[splits("a")]?, last(range(1e12))',
  ])('%s', (program) => {
    expect(complaintsAbout(program, null)).toEqual([]);
    expect(looks.length).toBeGreaterThan(allowed / 2);
  });
});
