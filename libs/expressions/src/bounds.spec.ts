import { compileExpression, ExpressionLimitError, type Json, type Limits } from '.';

function limitOf(program: string, input: Json = null, limits?: Limits): string {
  const { error } = compileExpression(program).collect(input, {}, limits);
  return error instanceof ExpressionLimitError ? error.limit : `no limit: ${error?.message ?? ''}`;
}

describe('loops of a million steps work', () => {
  it.each([
    ['[range(1000000)] | length', 1_000_000],
    ['last(0 | while(. < 1000000; . + 1))', 999_999],
    ['0 | until(. >= 1000000; . + 1)', 1_000_000],
    ['last(limit(1000000; repeat(1)))', 1],
    ['last(0 | recurse(if . < 1000000 then . + 1 else empty end))', 1_000_000],
    ['def f: if . < 1000000 then . + 1 | f else . end; 0 | f', 1_000_000],
    ['last(0 | def r: ., (if . < 1000000 then . + 1 | r else empty end); r)', 1_000_000],
    ['def w(f): def r: ., (f | r); r; last(limit(1000000; 0 | w(. + 1)))', 999_999],
    ['reduce range(1000000) as $i (0; . + 1)', 1_000_000],
  ])('%s', (program, result) => {
    expect(compileExpression(program).evaluate(null)).toEqual([result]);
  });
});

describe('what is too much ends in a limit error', () => {
  it.each([
    ['[range(1e12)]', 'memory', { bytes: 20_000_000 }],
    ['"x" * 1e9', 'memory', {}],
    ['reduce range(1e9) as $i ([]; . + [$i])', 'memory', { bytes: 20_000_000 }],
    ['reduce range(100) as $i ("x"; . + .)', 'memory', {}],
    ['def f: 1 + f; f', 'memory', {}],
    ['def f: [f]; f', 'memory', {}],
    ['reduce range(100000) as $i ([]; [.]) | walk(.)', 'memory', {}],
    ['def f: f; f', 'steps', { steps: 100_000 }],
    ['last(range(1e15))', 'steps', { steps: 100_000 }],
    ['[range(300000) * 7919 % 300007] | sort', 'steps', { steps: 2_000_000 }],
    ['[range(300000)] | group_by(. % 7)', 'steps', { steps: 2_000_000 }],
    ['[range(1000) | jn(. * 1000; 1e6)]', 'steps', { steps: 2_000_000 }],
    ['[range(1000) | yn(100000; . + 200000)]', 'steps', { steps: 2_000_000 }],
    ['[range(100000)] | tojson', 'memory', { bytes: 1_000_000 }],
    ['reduce range(60) as $i ([1]; [., .]) | tojson', 'memory', { bytes: 1_000_000 }],
  ])('%s: %s', (program, limit, limits) => {
    expect(limitOf(program, null, limits)).toBe(limit);
  });

  it.each([
    'reduce range(60) as $i (1; [., .])',
    'reduce range(60) as $i ({a: "x"}; {a: ., b: .})',
    '[range(100000)] | [range(1000) as $i | .]',
    '("x" * 1000000) | [range(1000) as $i | .]',
  ])('%s, which would be more than can be written out', (program) => {
    const expression = compileExpression(program);
    const limits = { bytes: 20_000_000 };
    expect(() => expression.first(null, {}, limits)).toThrow(ExpressionLimitError);
    const whole = compileExpression(`1, (${program}), 2`);
    const { outputs, error } = whole.collect(null, {}, limits);
    expect(outputs).toEqual([1]);
    expect(error).toMatchObject({ limit: 'memory', line: 1 });
  });

  it('hands out no more outputs than can be written out', () => {
    const { outputs, error } = compileExpression('"x" * 100000000 | ., ., ., .').collect(null);
    expect(outputs).toHaveLength(2);
    expect(error).toMatchObject({ limit: 'memory' });
  });

  it('cannot be caught by the program', () => {
    expect(limitOf('try (def f: f; f) catch 1', null, { steps: 1000 })).toBe('steps');
  });

  it('keeps what came before, and the next evaluation has a budget of its own', () => {
    const expression = compileExpression('1, (def f: f; f)');
    const limits = { steps: 10_000 };
    expect(expression.collect(null, {}, limits).outputs).toEqual([1]);
    expect(compileExpression('[range(5000)] | length').first(null, {}, limits)).toBe(5000);
  });
});

describe('regular expressions', () => {
  const evil = 'a'.repeat(60) + 'b';

  it("end in jq's own error when a match takes too long", () => {
    const { error } = compileExpression('test("(a+)+$")').collect(evil);
    expect(error?.message).toBe('Regex failure: retry-limit-in-match over');
    expect(error).not.toBeInstanceOf(ExpressionLimitError);
  });

  it('let the program catch that error', () => {
    const program = compileExpression('try test("(a|aa)+$") catch "gave up: \\(.)"');
    expect(program.first(evil)).toBe('gave up: Regex failure: retry-limit-in-match over');
  });

  it('count against the steps of the evaluation', () => {
    expect(limitOf('test("(x+x+)+y")', 'x'.repeat(5000), { steps: 1_000_000 })).toBe('steps');
  });

  it('find their way through long texts', () => {
    const text = `${'ab'.repeat(50_000)}c`;
    expect(compileExpression('test("^(a|b)*c$")').first(text)).toBe(true);
  });
});

describe('deep values', () => {
  it.each([
    ['reduce range(9999) as $i ([]; [.]) | tojson | fromjson | flatten', []],
    ['[reduce range(50000) as $i ([]; [.]) | ..] | length', 50_001],
    ['reduce range(9000) as $i ([]; [.]) | . == (reduce range(9000) as $i ([]; [.]))', true],
    ['[reduce range(9000) as $i ([]; [.])] | . + . | sort | length', 2],
    ['reduce range(9000) as $i ({}; {a: .}) | . * . | length', 1],
    ['reduce range(2000) as $i ([]; [.]) | [paths] | length', 2000],
  ])('%s', (program, result) => {
    expect(compileExpression(program).evaluate(null, {}, { bytes: 2 ** 33 })).toEqual([result]);
  });
});
