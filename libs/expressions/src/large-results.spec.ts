import { compileExpression, type Json } from '.';

const limits = { steps: 1e12, bytes: 2 ** 32 };

function first(program: string, input: Json, variables: Readonly<Record<string, Json>> = {}): Json {
  const expression = compileExpression(program, { variables: Object.keys(variables) });
  return expression.first(input, variables, limits) ?? null;
}

/** Longer than a piece, with characters of one to four bytes at every kind of place. */
const wide = 'aé\n€"😀\\\u0001\u007f x'.repeat(9_001);

// Large values take other ways than small ones; the results must be the same.
describe('large values give what small ones give', () => {
  it.each([
    '. as $t | tojson | fromjson == $t',
    '. as $t | explode | implode == $t',
    '. as $t | @base64 | @base64d == $t',
    '. as $t | @base32 | @base32d == $t',
    '. as $t | @uri | @urid == $t',
    '. as $t | split("") | join("") == $t',
    '. as $t | split("€") | join("€") == $t',
    '. as $t | split("€") | [.[], "€"] | length == 9003',
    '. as $t | ("  \\n" + . + "y \u3000") | trim == $t + "y"',
    'length == 99011',
    'utf8bytelength == 153017',
    'indices("😀") == [range(9001) | . * 11 + 5]',
    'ascii_upcase[0:2] == "Aé" and (ascii_upcase | ascii_downcase) == .',
    '. as $t | [$t] | @tsv | length > ($t | length)',
    '.[50000:50003] == .[5:8]',
  ])('%s', (program) => {
    expect(first(program, wide)).toBe(true);
  });

  it('sorts, groups and makes unique, equal elements in their order', () => {
    const rows = Array.from({ length: 20_011 }, (_, i) => ({ k: (i * 7919) % 500, i }));
    const byKey = rows.slice().sort((a, b) => a.k - b.k || a.i - b.i);
    expect(first('sort_by(.k)', rows)).toEqual(byKey);
    expect(first('group_by(.k) | add', rows)).toEqual(byKey);
    expect(first('map(.k) | unique', rows)).toEqual(Array.from({ length: 500 }, (_, k) => k));
    expect(
      first(
        'map({key: "\\(.i)x", value: .k}) | from_entries | keys == (keys_unsorted | sort)',
        rows,
      ),
    ).toBe(true);
  });

  it('finds a long part, and none that is not there', () => {
    const text = `${'ab'.repeat(5_000)}${'a'.repeat(300)}c${'ab'.repeat(5_000)}`;
    const part = `${'a'.repeat(299)}c`;
    expect(first('indices($part)', text, { part })).toEqual([text.indexOf(part)]);
    expect(first('split($part)', text, { part })).toEqual(text.split(part));
    expect(first('contains($part), contains($part + "c")', text, { part })).toBe(true);
    expect(first('contains($part + "c")', text, { part })).toBe(false);
    expect(first('indices($part) | length', 'a'.repeat(6_000), { part: 'a'.repeat(500) })).toBe(
      5501,
    );
  });

  it('keeps escapes of a character together', () => {
    const text = '%F0%9F%98%80'.repeat(10_000);
    for (const start of ['', 'a', 'ab', 'abc', 'abcd']) {
      expect(first('@urid', start + text)).toBe(start + '😀'.repeat(10_000));
    }
    expect(first('try @urid catch "refused"', `${text}%F0%9F`)).toBe('refused');
    expect(first('try @urid catch "refused"', '%80'.repeat(50_000))).toBe('refused');
  });
});

describe('large JSON texts', () => {
  const list = Array.from({ length: 30_000 }, (_, i) => i);
  const value: Json = {
    'a,"': [list, [], {}, 'x'.repeat(100_000), [[list]]],
    1: { list, ['__proto__x']: null },
    b: [1, 'two', { '}': ']' }, list],
  };

  it.each([undefined, 2])('are read as JSON.parse reads them (indented by %s)', (indent) => {
    const text = JSON.stringify(value, null, indent);
    expect(first('fromjson', text)).toEqual(value);
    expect(first('fromjson', ` ${text}\n`)).toEqual(value);
  });

  it('keep __proto__ an ordinary key, and the last of equal keys', () => {
    const long = JSON.stringify(list);
    const text = `{"a":1,"__proto__":${long},"b":${long},"a":${long},"b":2}`;
    expect(first('fromjson | [(.__proto__, .a) | length] + [.b] + [keys | length]', text)).toEqual([
      30_000, 30_000, 2, 3,
    ]);
  });

  it.each([
    (json: string) => `${json}]`,
    (json: string) => json.slice(0, -1),
    (json: string) => `[${json},]`,
    (json: string) => `[,${json}]`,
    (json: string) => `[${json} 1]`,
    (json: string) => `[1 ${json}]`,
    (json: string) => `[${json}${json}]`,
    (json: string) => `{"a" ${json}}`,
    (json: string) => `{${json}}`,
    (json: string) => `{"a":${json},}`,
    (json: string) => `{"a":${json}]`,
    (json: string) => `[${json},,${json}]`,
  ])('are refused where they are none (%#)', (change) => {
    const text = change(JSON.stringify(list));
    expect(() => JSON.parse(text) as Json).toThrow(SyntaxError);
    expect(first('try fromjson catch "refused"', text)).toBe('refused');
  });
});
