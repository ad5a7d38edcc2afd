import {
  builtinNames,
  compileExpression,
  ExpressionRuntimeError,
  ExpressionSyntaxError,
  type Json,
} from '.';

function run(program: string, input: Json = null): readonly Json[] {
  return compileExpression(program).evaluate(input);
}

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('compileExpression', () => {
  it('gives all outputs, the first, or none', () => {
    const expression = compileExpression('.[] | select(. > 1)');
    expect(expression.evaluate([1, 2, 3])).toEqual([2, 3]);
    expect(expression.first([1, 2, 3])).toBe(2);
    expect(expression.first([])).toBeUndefined();
  });

  it('reads its variables, and knows no others', () => {
    const expression = compileExpression('.a + $context.b', { variables: ['context', 'input'] });
    expect(expression.first({ a: 1 }, { context: { b: 2 } })).toBe(3);
    const error = thrownBy(() => compileExpression('1 +\n $nope', { variables: ['context'] }));
    expect(error).toBeInstanceOf(ExpressionSyntaxError);
    expect(error).toMatchObject({ message: '$nope is not defined', line: 2, column: 2, offset: 5 });
  });

  it.each([
    ['.a.', 3],
    ['{a:', 3],
    ['foo(1)', 1],
    ['. | bar', 5],
    ['[1,2', 4],
    ['if . then 1', 11],
    ['"\\x"', 2],
    ['break $x', 1],
    ['. as [] | 1', 7],
    ['1 == 2 == 3', 8],
  ])('says where %s is wrong', (program, column) => {
    expect(thrownBy(() => compileExpression(program))).toMatchObject({
      name: 'ExpressionSyntaxError',
      line: 1,
      column,
    });
  });

  it.each([
    ['if 1 then 2 fi', 'unexpected IDENT', 13],
    ['.a | }', 'unexpected INVALID_CHARACTER', 6],
    ['.a b', 'unexpected IDENT, expecting end of file', 4],
    ['* 1', "unexpected '*', expecting end of file", 1],
    ['1 == 2 == 3', 'unexpected ==', 8],
    ['.[1', "unexpected end of file, expecting '|' or ',' or ':' or ']'", 3],
    ['map(.a', "unexpected end of file, expecting ';' or ')'", 5],
    ['reduce . as $x (0)', "unexpected ')', expecting '|' or ',' or ';'", 18],
    ['{a b}', "unexpected IDENT, expecting '}'", 4],
    ['def f(): 1; f', "unexpected ')', expecting IDENT or BINDING", 7],
    ['label x | 1', 'unexpected IDENT, expecting BINDING', 7],
    ['. as [$a | 1', "unexpected '|', expecting ',' or ']'", 10],
    [
      '"abc',
      'unexpected end of file, expecting QQSTRING_TEXT or QQSTRING_INTERP_START or QQSTRING_END',
      2,
    ],
  ])("calls what is wrong with %s by jq's names", (program, message, column) => {
    expect(thrownBy(() => compileExpression(program))).toMatchObject({
      message: `syntax error, ${message}`,
      column,
    });
  });

  it.each(['', ' # nothing', 'def f: 1;'])('needs a query, which %j is not', (program) => {
    expect(() => compileExpression(program)).toThrow('Top-level program not given (try ".")');
  });

  it('says what is wrong with an escape', () => {
    expect(() => compileExpression('"a\\q"')).toThrow(
      `Invalid escape at line 1, column 4 (while parsing '"\\q"')`,
    );
  });

  it("raises jq's message with the place of the operation", () => {
    const error = thrownBy(() => run('.a |\n  (.b + 1)', { a: { b: {} } }));
    expect(error).toBeInstanceOf(ExpressionRuntimeError);
    expect(error).toMatchObject({
      message: 'object ({}) and number (1) cannot be added',
      value: 'object ({}) and number (1) cannot be added',
      line: 2,
      column: 7,
      offset: 11,
    });
  });

  it('raises what error() is given', () => {
    const { outputs, error } = compileExpression('1, error({code: 7}), 2').collect(null);
    expect(outputs).toEqual([1]);
    expect(error?.value).toEqual({ code: 7 });
  });

  it('ends at halt, and lets nothing catch halt_error', () => {
    expect(compileExpression('1, halt, 2').collect(null)).toEqual({ outputs: [1] });
    expect(compileExpression('try halt_error catch 1').collect('bye').error?.value).toBe('bye');
  });

  it('sees nothing of the process', () => {
    expect(run('$ENV, env, [inputs], input_filename')).toEqual([{}, {}, [], null]);
  });

  it('takes modules from the map only', () => {
    const modules = {
      m: 'def twice: . * 2; def four: twice | twice;',
      n: 'import "m" as m; def x: m::four;',
    };
    const program = 'import "m" as m; import "n" as n; include "m"; [m::twice, n::x, four]';
    expect(compileExpression(program, { modules }).evaluate(1)).toEqual([[2, 4, 4]]);
    expect(thrownBy(() => compileExpression('import "zzz" as z; 1'))).toBeInstanceOf(
      ExpressionSyntaxError,
    );
    const circular = { a: 'import "b" as b; def f: 1;', b: 'import "a" as a; def g: 1;' };
    expect(
      thrownBy(() => compileExpression('import "a" as a; 1', { modules: circular })),
    ).toMatchObject({
      message: 'circular import of a',
    });
  });

  it('takes data from the map, too', () => {
    const modules = { data: '{"this": "is a test"} [1, nan]', bad: '{"a":' };
    const program =
      'import "data" as $d; import "data" as $e {search: "./"}; [$d, $e::e[0].this, ($d[1] | length)]';
    expect(compileExpression(program, { modules }).evaluate(null)).toEqual([
      [[{ this: 'is a test' }, [1, null]], 'is a test', 2],
    ]);
    expect(
      compileExpression('import "data" as $d; def f: {$d}; f.d | length', { modules }).first(null),
    ).toBe(2);
    expect(thrownBy(() => compileExpression('import "bad" as $d; 1', { modules }))).toMatchObject({
      message: 'bad is no JSON: Unfinished JSON term at EOF at line 1, column 5',
    });
  });

  it('tells what a module says of itself', () => {
    const modules = {
      c: 'module {"whatever": [1, {"a": "b"}], "n": 1}; import "a" as foo; import "d" as d {search: "./"}; import "data" as $data; include "e"; def a: 0; def c(f; $x): 1;',
      wrong: 'def a:',
    };
    const meta = compileExpression('modulemeta', { modules });
    expect(meta.evaluate('c')).toEqual([
      {
        whatever: [1, { a: 'b' }],
        n: 1,
        deps: [
          { as: 'foo', is_data: false, relpath: 'a' },
          { search: './', as: 'd', is_data: false, relpath: 'd' },
          { as: 'data', is_data: true, relpath: 'data' },
          { is_data: false, relpath: 'e' },
        ],
        defs: ['a/0', 'c/2'],
      },
    ]);
    expect(meta.collect('zzz').error?.message).toBe('module not found: zzz');
    expect(meta.collect(1).error?.message).toBe('modulemeta input module name must be a string');
    expect(meta.collect('wrong').error?.message).toContain('syntax error');
    expect(
      compileExpression('import "m" as m; "m" | m::meta.defs', {
        modules: { m: 'def meta: modulemeta;' },
      }).first(null),
    ).toEqual(['meta/0']);
  });

  it('rejects what is nested too deeply, without a crash', () => {
    for (const program of [
      '('.repeat(100_000),
      '['.repeat(5000) + ']'.repeat(5000),
      '-'.repeat(50_000) + '1',
    ]) {
      expect(thrownBy(() => compileExpression(program))).toBeInstanceOf(ExpressionSyntaxError);
    }
  });

  it('lists its builtins', () => {
    expect(builtinNames()).toEqual(expect.arrayContaining(['map/1', 'todate/0', 'gsub/3']));
  });
});

describe('reads', () => {
  it.each([
    ['.a.b', [], ['.a.b']],
    ['.a + $c.d', ['c'], ['.a']],
    ['{x: .a, y: .["b c"]}', [], ['.["b c"]', '.a']],
    ['.items[] | .price', [], ['.items']],
    ['.a as $c | $c', [], ['.a']],
    ['if .ok then .a else $c end', ['c'], ['.a', '.ok']],
    ['"hi \\(.name)"', [], ['.name']],
  ])('%s', (program, variables, paths) => {
    const { reads } = compileExpression(program, { variables: ['c'] });
    expect(reads.paths).toEqual(paths);
    if (program !== '.a as $c | $c') expect(reads.variables).toEqual(variables);
  });
});

describe('safety', () => {
  const hostile = JSON.parse(
    '{"__proto__": {"polluted": 1}, "constructor": 2, "hasOwnProperty": 3, "toString": 4}',
  ) as Json;

  it('treats every key as an ordinary one', () => {
    expect(run('.__proto__.polluted, .constructor, .hasOwnProperty, .toString', hostile)).toEqual([
      1, 2, 3, 4,
    ]);
    expect(run('.__proto__, .constructor, .["valueOf"], has("toString")', {})).toEqual([
      null,
      null,
      null,
      false,
    ]);
    expect(run('. == (to_entries | from_entries), (keys | length)', hostile)).toEqual([true, 4]);
    expect(run('{} | .__proto__ = 1 | [.__proto__, keys]')).toEqual([[1, ['__proto__']]]);
    expect(run('{"__proto__": {"x": 1}} * {"__proto__": {"y": 2}} | .__proto__')).toEqual([
      { x: 1, y: 2 },
    ]);
    expect(run('{} | .["__proto__"]["polluted"] = true | .polluted')).toEqual([null]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    '.a.b = 1',
    '.list[] |= . + 1',
    'del(.list[0], .a)',
    '.list | sort | reverse',
    'reduce .list[] as $x (.; .sum += $x | .list += [$x])',
    'walk(if type == "number" then . + 1 else . end)',
    'to_entries | map(.value = 0)',
    '. * {a: {c: 3}} | . + {z: 1}',
    '[.list, .list] | add | .[0] = 9',
    'add(.list, .list)',
    'with_entries(.value |= tostring)',
    'paths |= 1',
  ])('%s leaves its input alone', (program) => {
    const input = { list: [3, 1, 2], a: { b: { c: 1 } } };
    const before = JSON.stringify(input);
    compileExpression(program).collect(input);
    expect(JSON.stringify(input)).toBe(before);
  });

  it('lets no NaN or infinity out', () => {
    expect(run('nan, infinite, [-infinite], {a: nan}, 1e1000')).toEqual([
      null,
      Number.MAX_VALUE,
      [-Number.MAX_VALUE],
      { a: null },
      Number.MAX_VALUE,
    ]);
    const texts = ['-Infinity', 'inf', '1e1000', 'nan'];
    const numbers = [-Number.MAX_VALUE, Number.MAX_VALUE, Number.MAX_VALUE, null];
    expect(run('map(tonumber)', texts)).toEqual([numbers]);
    expect(run('.[] | tonumber', texts)).toEqual(numbers);
    expect(run('map(fromjson)', texts)).toEqual([numbers]);
  });
});

describe('the language', () => {
  it.each([
    ['try error("x") catch ., (.a? // "none")', ['x', 'none']],
    ['[.[]?]', [[]]],
    ['def f(g): [g, g]; f(1, 2)', [[1, 2, 1, 2]]],
    ['def f(g): g | g; f(. as $x | ($x + 1, $x))', [2, 1, 1, 0]],
    ['[limit(5; recurse(. as $x | ($x + 1, $x + 10)))]', [[0, 1, 2, 3, 4]]],
    ['[label $out | 1, (label $in | 2, break $out, 3), 4]', [[1, 2]]],
    ['[(1, 2) as [$a] ?// $a | $a]', [[1, 2]]],
    ['"\\(1, 2)-\\(3, 4)"', ['1-3', '2-3', '1-4', '2-4']],
    ['[{a: (1, 2), b: (3, 4)} | "\\(.a)\\(.b)"]', [['13', '14', '23', '24']]],
    ['[foreach range(5) as $i (0; . + $i; select(. % 2 == 1))]', [[1, 3]]],
    ['[1, null | try (if . then error else 2 end) catch "c"]', [['c', 2]]],
    ['"aé日😀" | length, .[1:3], explode', [4, 'é日', [97, 233, 26085, 128512]]],
    ['["\\uffff", "😀"] | sort', [['\uffff', '😀']]],
    ['1e17, 100000000000000000000, 1.5e-7 | tojson', ['1e+17', '1e+20', '1.5e-07']],
    ['[splits("a+"; null)]?, ("xaay" | [splits("a+")])', [['x', 'y']]],
    ['@base32 "\\("hi")", ("NBUQ====" | @base32d)', ['NBUQ====', 'hi']],
    ['[1, [2]] | tojson, tostring, @text', ['[1,[2]]', '[1,[2]]', '[1,[2]]']],
    ['"2015-03-05T23:51:47Z" | fromdate | todate', ['2015-03-05T23:51:47Z']],
    ['getpath(["a", "b"]), ([paths])', [null, []]],
    ['$__loc__.line', [1]],
    ['# a comment\n1 # another', [1]],
  ])('%s', (program, outputs) => {
    const input = program.includes('recurse(') || program.startsWith('def f(g): g') ? 0 : null;
    expect(run(program, input)).toEqual(outputs);
  });
});
