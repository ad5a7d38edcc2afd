import { compileExpression, ExpressionLimitError, ExpressionSyntaxError, type Json } from '.';

/** What the fuzz against the real jq found; the answers are the real jq's. */
type Case = readonly [program: string, input: Json, ...outputs: Json[]];

function outputsOf(program: string, input: Json): readonly Json[] {
  return compileExpression(program).evaluate(input);
}

const cases: readonly Case[] = [
  ['[path(until(type != "array"; .[0]))]', [[3]], [[0, 0]]],
  ['[limit(3; path(while(. == null; .a)))]', null, [[], ['a'], ['a', 'a']]],
  ['[limit(2; path(repeat(.a)))]', null, [['a'], ['a']]],
  ['[path(until(. != null; empty))]', null, []],
  ['[limit(2; path(while(true; .a, .b)))]', null, [[], ['a']]],
  ['-1 | modf | tojson', null, '[-0,-1]'],
  ['-1 * 0 | abs | tojson', null, '-0'],
  ['7 / (1000 | tgamma)', null, 0],
  ['[scalb(-1; (1.5, 2)), scalb(1; -infinite), scalb(0; infinite)]', null, [null, -4, 0, null]],
  ['[drem(5; 3, nan, infinite)]', null, [-1, null, 5]],
  ['[ldexp(3; (1.5, nan)), scalbln(3; (-1.5, 1e20))]', null, [6, 0, 1.5, 0]],
  [
    'group_by(.a) | map(length)',
    [{ a: 1 }, { a: null }, { a: 1 }, {}, { a: 'x' }, { a: false }],
    [2, 1, 2, 1],
  ],
  ['group_by(.a)', [{ a: [1] }, { a: 'b' }, { a: [1] }], [[{ a: 'b' }], [{ a: [1] }, { a: [1] }]]],
  ['[1, 2, 3] | sort_by(nan), unique_by(nan)', null, [1, 2, 3], [1, 2, 3]],
  ['.[[]][] |= 1', [1], [1]],
  ['(.[[1]][] | select(false)) = 1', [1], [1]],
  ['(.[] | select(. > 1)) |= . + 1', [1, 2], [1, 3]],
  ['map_values(select(. > 1))', [1, 2], [2]],
  [
    '[remainder(5; 2, 3, -2), remainder(-1; 1), remainder(1.7e308; 1.2e308)] | tojson',
    null,
    '[1,-1,1,-0,5e+307]',
  ],
  ['map(round) == .', [4615181371406929, 9007199254740991, -4503599627370497], true],
  [
    '[-0.11, 0.5, 1.5, -2.5, 0.49999999999999994 | rint, round] | tojson',
    null,
    '[-0,-0,0,1,2,2,-2,-3,0,0]',
  ],
  ['remainder(-1; 1e-5) | tojson', null, '8.180305391403131e-17'],
  [
    '[1e17, 1e-5, 2.5, 30 | j0, y1 | tojson | .[:9]]',
    null,
    [
      '-2.408723',
      '2.4087235',
      '0.9999999',
      '-63661.97',
      '-0.048383',
      '0.1459181',
      '-0.086367',
      '0.0844255',
    ],
  ],
  [
    '[1e17, 2.5, 30 | jn(-3; .), yn(3; .) | tojson | .[:9]]',
    null,
    ['7.5116482', '-2.408723', '-0.216600', '-0.756055', '-0.129211', '-0.068035'],
  ],
  ['47.5 | tgamma | tojson[:14]', null, '3.762388211887'],
  ['[nan, nan, 1] | group_by(.) | length', null, 3],
  ['[infinite, 1, infinite, -infinite] | unique | length', null, 3],
  [
    'unique_by(.n) | map(.k)',
    [
      { n: 2, k: 'a' },
      { n: 1, k: 'b' },
      { n: 2, k: 'c' },
    ],
    ['b', 'a'],
  ],
  [
    '[gsub("[0-9]+"; "#"), sub("[0-9]+"; "#"), gsub("x"; "#"), gsub(""; ".")]',
    'a1b22',
    ['a#b#', 'a#b22', 'a1b22', '.a.1.b.2.2.'],
  ],
  ['[10, 100] | strflocaltime("%C")', null, '0'],
  ['[match("a{,2}"; "g").string]', 'aa{,2}', ['a{,2}']],
  ['[match("\\\\1(a)"; "g")]', 'aa', []],
  ['[match("[\\\\w-x]"; "g").string]', 'a-x.', ['a', '-', 'x']],
  ['[match("\\\\p{^L}"; "g").string]', 'a1', ['1']],
  ['[match("\\\\P{^L}"; "g").string]', 'a1', ['a']],
  ['[match("\\\\x"; "g").string]', 'ax', ['x']],
  ['[match("\\\\x{1F600}"; "g").string]', 'a😀', ['😀']],
  ['[match(""; "g").offset]', 'é', [0, 1, 1]],
  [
    '[match("b*"; "g") | [.offset, .string]]',
    '日b',
    [
      [0, ''],
      [1, ''],
      [1, ''],
      [1, 'b'],
      [2, ''],
    ],
  ],
  ['gsub(""; "-")', '😀a', '-😀----a-'],
  ['gsub("\\\\b"; "-")', 'é', '-é--'],
  ['gsub("(?=a)"; "-")', 'éa', 'é-a'],
  ['[scan("[a-z]+|[日-語]+"; "l")]', '日本語 text', ['日本語', 'text']],
  ['[splits("x*")] | length', 'éx', 5],
  ['. as [$a, $a, $b, {a: $b}] | [$a, $b]', [1, 2, 3, { a: 4 }], [2, 4]],
  ['. as {b: {$a}, $a, c: $a} | $a', { a: 1, b: { a: 2 }, c: 3 }, 2],
  ['. as {$a: [$a]} | $a', { a: [1] }, [1]],
  ['[split("a", "b"; "i", null)]', 'xaBA', [['x', 'B', ''], ['x', 'BA'], ['xa', 'A'], ['xaBA']]],
  ['[split(empty; null), split(","; empty)]', 'a', []],
  [
    '{a: (1, 2), "k\\(3, 4)"}',
    { k3: 1 },
    { a: 1, k3: 1 },
    { a: 1, k4: null },
    { a: 2, k3: 1 },
    { a: 2, k4: null },
  ],
  ['flatten("x")', [1], [1]],
  ['try ("a" / 1) catch "caught"', null, 'caught'],
  ['{("a" + "b"): ("c" * 2)} , "a" / "b"', null, { ab: 'cc' }, ['a']],
];

it.each(cases.map(([program, input, ...outputs]) => ({ program, input, outputs })))(
  '$program',
  ({ program, input, outputs }) => {
    expect(outputsOf(program, input)).toEqual(outputs);
  },
);

describe('errors', () => {
  it.each<readonly [string, Json, string]>([
    ['debug(.a)', true, 'Cannot index boolean with string ("a")'],
    ['last[{}]["b"] //= 1', [], 'Out of bounds negative array index'],
    ['last["b"] |= error("new")', [], 'new'],
    ['pick(last[nan])', null, 'Out of bounds negative array index'],
    ['reduce 1 as $x ([]; last[{}] = $x)', null, 'Out of bounds negative array index'],
    ['nan as $n | .[$n][{}] = 1', [], 'Cannot set array element at NaN index'],
    ['mktime', [-1e10], 'invalid gmtime representation'],
    ['path(-(.[0]))', [0], 'Invalid path expression with result -0'],
    ['flatten(.)', [[]], 'array ([[]]) and number (1) cannot be subtracted'],
    ['path(.[0] and .[0])', [1], 'Invalid path expression near attempt to access element 0 of [1]'],
    ['{"k\\(error("first"))": 1, "k\\(error("second"), 1)"}', null, 'first'],
    ['test("\\\\1")', '', 'Regex failure: invalid backref number/name'],
    ['test("(a)\\\\2")', '', 'Regex failure: invalid backref number/name'],
    ['test("\\\\k<-1>")', '', 'Regex failure: invalid backref number/name'],
    ['test("\\\\k<n>")', '', 'Regex failure: undefined name <n> reference'],
    ['test("\\\\g<n>")', '', 'Regex failure: undefined name <n> reference'],
    ['test("\\\\g<2>(a)")', '', 'Regex failure: undefined group <2> reference'],
    ['test("\\\\k<>")', '', 'Regex failure: group name is empty'],
    ['test("\\\\k<n")', '', 'Regex failure: invalid group name <n>'],
    ['test("(?<1n>a)")', '', 'Regex failure: invalid group name <1n>'],
    ['test("(?i")', '', 'Regex failure: end pattern in group'],
    ['test("a{2,1}")', '', 'Regex failure: upper is smaller than lower in repeat range'],
    ['test("a{100001}")', '', 'Regex failure: too big number for repeat range'],
    ['test("[]")', '', 'Regex failure: empty char-class'],
    ['test("[a-\\\\d]")', '', 'Regex failure: char-class value at end of range'],
    ['test("[[:foo:]]")', '', 'Regex failure: invalid POSIX bracket type'],
    [
      'test("\\\\p{Script=Greek}")',
      '',
      'Regex failure: invalid character property name {Script=Greek}',
    ],
    ['fromjson', '1,', "Expected value before ',' at line 1, column 2 (while parsing '1,')"],
    [
      'fromjson',
      '"a":1',
      "Expected string key before ':' at line 1, column 4 (while parsing '\"a\":1')",
    ],
    ['fromjson', '1 2]', "Unmatched ']' at line 1, column 4 (while parsing '1 2]')"],
    ['fromjson', '1 2[', "Unexpected extra JSON values (while parsing '1 2[')"],
    ['fromjson', '1 2"', "Unexpected extra JSON values (while parsing '1 2\"')"],
  ])('%s of %j', (program, input, message) => {
    expect(compileExpression(program).collect(input).error?.message).toBe(message);
  });
});

describe('operations on constants are done when a program is compiled', () => {
  it.each([
    ['("a" / "b")', 'array (["a"])'],
    ['([1] - [1])', 'array ([])'],
    ['(5 % 3)', 'number (2)'],
    ['(null + 1)', 'number (1)'],
    ['({a: 1} * {a: 2})', 'object ({"a":2})'],
  ])('{%s: 1}', (key, shown) => {
    const message = `Cannot use ${shown} as object key`;
    expect(() => compileExpression(`{${key}: 1}`)).toThrow(
      new ExpressionSyntaxError(message, '', 0),
    );
  });

  it('but not what would take long', () => {
    const { error } = compileExpression('"x" * 1000000000').collect(null);
    expect(error).toBeInstanceOf(ExpressionLimitError);
  });

  it('and not at the cost of an evaluation under way', () => {
    const modules = { m: 'def f: 1 + 1 == 2;' };
    const program = compileExpression('def f: ("m" | modulemeta) as $m | f; f', { modules });
    expect(program.collect(null, {}, { steps: 1000 }).error).toBeInstanceOf(ExpressionLimitError);
  });
});

it('hands on the input once, whatever debug says of it', () => {
  expect(outputsOf('[.[] | debug("saw \\(.)", "twice")]', [1, 2])).toEqual([[1, 2]]);
});
