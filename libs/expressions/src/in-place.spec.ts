import { compileExpression, ExpressionLimitError, type Json } from '.';

jest.setTimeout(60_000);

/** What `reduce` builds is changed in place; nobody may see that. */
type Case = readonly [program: string, result: Json];

const cases: readonly Case[] = [
  ['reduce range(3) as $i ({}; .a[$i] = $i)', { a: [0, 1, 2] }],
  ['reduce range(3) as $i ({}; setpath(["a", "k\\($i)"]; $i))', { a: { k0: 0, k1: 1, k2: 2 } }],
  ['reduce range(3) as $i ({}; . + {"k\\($i)": $i})', { k0: 0, k1: 1, k2: 2 }],
  [
    'reduce range(4) as $i ({}; if $i % 2 == 0 then .even += [$i] else .odd += [$i] end)',
    { even: [0, 2], odd: [1, 3] },
  ],
  ['reduce range(3) as $i ({}; ($i | tostring) as $k | .[$k] = [$i])', { 0: [0], 1: [1], 2: [2] }],
  [
    '{a: 1} as $in | reduce range(3) as $i ($in; .a = $i | .b += [$i]) | [$in, .]',
    [{ a: 1 }, { a: 2, b: [0, 1, 2] }],
  ],
  [
    '[7] as $l | reduce range(3) as $i ({}; .x += $l | .y = $l | .y += [$i]) | [$l, .]',
    [[7], { x: [7, 7, 7], y: [7, 2] }],
  ],
  [
    '{n: 0} as $o | reduce range(3) as $i ({}; .a = $o | .a.n = $i | .b = $o) | [$o, .]',
    [{ n: 0 }, { a: { n: 2 }, b: { n: 0 } }],
  ],
  [
    'reduce range(2) as $i ({a: {n: 0}}; .a.n += 1 | .a |= {x: ., y: ., n: .n} | .a.x.n = 9 | .a |= {n: .n, x: .x.n, y: .y.n})',
    { a: { n: 2, x: 9, y: 2 } },
  ],
  [
    'reduce range(3) as $i ({}; .a.b = $i | .a |= [., .] | .a[0].b = 9 | .a |= .[1])',
    { a: { b: 2 } },
  ],
  ['reduce range(3) as $i ({}; .prev = .)', { prev: { prev: { prev: {} } } }],
  [
    'reduce range(2) as $i ([]; . + [reduce range(2) as $j ({}; .["k\\($j)"] = $i)])',
    [
      { k0: 0, k1: 0 },
      { k0: 1, k1: 1 },
    ],
  ],
  ['reduce range(3) as $i ([1, 2, 3]; .[-1] = $i | .[$i] += 10)', [11, 12, 12]],
  ['reduce range(2) as $i ([1, 2, 3]; .[1:] = [$i] | .[0] = $i)', [1, 1]],
  ['[{a: 1}, {b: 2}, {a: 3}] | [add, .]', [{ a: 3, b: 2 }, [{ a: 1 }, { b: 2 }, { a: 3 }]]],
  ['[{a: 1}, null, {b: 2}] | [add(.[], {c: 3}), .[0]]', [{ a: 1, b: 2, c: 3 }, { a: 1 }]],
  ['reduce range(3) as $i ({"__proto__": 1}; .["__proto__"] += $i) | tojson', '{"__proto__":4}'],
];

it.each(cases)('%s', (program, result) => {
  const expression = compileExpression(program);
  expect(expression.evaluate(null)).toEqual([result]);
  // Constants of the program are what they were.
  expect(expression.evaluate(null)).toEqual([result]);
});

it('leaves its input as it is', () => {
  const input = { rows: [{ id: 'a' }], index: { b: { id: 'b', n: 1 } } };
  const before = structuredClone(input);
  const program = 'reduce .rows[] as $r (.index; .[$r.id] = $r | .b.n += 1 | .[$r.id].n = 5)';
  expect(compileExpression(program).evaluate(input)).toEqual([
    { a: { id: 'a', n: 5 }, b: { id: 'b', n: 2 } },
  ]);
  expect(input).toEqual(before);
});

it('stops at an error as it would elsewhere', () => {
  const program = 'try reduce (1, 2, "x") as $i ({}; .n += $i) catch .';
  expect(compileExpression(program).evaluate(null)).toEqual([
    'number (3) and string ("x") cannot be added',
  ]);
});

describe('what grows step by step takes no more room than it has', () => {
  it.each([
    'INDEX(range(20000); "k\\(.)") | length',
    'reduce range(20000) as $i ({}; .byId["k\\($i)"] = $i) | .byId | length',
    'reduce range(20000) as $i ({}; . + {"k\\($i)": $i}) | length',
    '[range(20000) | {"k\\(.)": .}] | add | length',
    'reduce range(20000) as $i ([]; . + [$i]) | length',
    'reduce range(20000) as $i ({}; .list += [$i]) | .list | length',
  ])('%s', (program) => {
    expect(compileExpression(program).evaluate(null)).toEqual([20_000]);
  });
});

describe('an object', () => {
  const limits = { bytes: 2 ** 40, steps: 1e12 };
  const entries = '[range(120000) | {key: "k\\(.)", value: .}]';

  it.each([
    `${entries} | from_entries`,
    `INDEX(range(120000); "k\\(.)")`,
    'reduce range(120000) as $i ({}; . + {"k\\($i)": $i})',
    'add(range(120000) | {"k\\(.)": .})',
    '"{\\([range(120000) | "\\"k\\(.)\\":1"] | join(","))}" | fromjson',
    '"{\\([range(120000) | "\\"k\\(.)\\":nan"] | join(","))}" | fromjson',
  ])('ends the evaluation when it has too many keys: %s', (program) => {
    const { error } = compileExpression(program).collect(null, {}, limits);
    expect(error).toBeInstanceOf(ExpressionLimitError);
    expect(error?.message).toBe('Evaluation built an object of more than 100000 keys');
  });

  it('may have the same key set any number of times', () => {
    const program = '[range(300000) | {key: "k\\(. % 3)", value: .}] | from_entries';
    expect(compileExpression(program).evaluate(null, {}, limits)).toEqual([
      { k0: 299_997, k1: 299_998, k2: 299_999 },
    ]);
  });
});
