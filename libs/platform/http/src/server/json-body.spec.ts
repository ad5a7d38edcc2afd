import type { UserError } from '@easyflow/kernel-errors';
import { maxNesting, parseJsonBody } from './json-body';

const parse = (text: string) => parseJsonBody(Buffer.from(text));

function refusal(text: string): UserError {
  try {
    parse(text);
  } catch (error) {
    return error as UserError;
  }
  throw new Error(`accepted ${text.slice(0, 50)}`);
}

describe('parseJsonBody', () => {
  it('reads JSON', () => {
    expect(parse(' {"a":[1,"\\u0000",{"b":null}]} ')).toEqual({ a: [1, '\0', { b: null }] });
  });

  it.each([
    ['', 'the text ends: expected a value', 1, 1],
    ['{"a":1,}', 'expected a member name in double quotes', 1, 8],
    ['{\n  "a": 1\n  "b": 2\n}', 'expected "," or "}"', 3, 3],
    ['[1, 2', 'the text ends: expected "," or "]"', 1, 6],
    ['{"a" 1}', 'expected ":"', 1, 6],
    ['{"a":"x', 'a string that is not closed or has a bad escape', 1, 6],
    ['["\\x"]', 'a string that is not closed or has a bad escape', 1, 2],
    ['{} {}', 'expected the end', 1, 4],
    ['[01]', 'expected "," or "]"', 1, 3],
    ['NaN', 'expected a value', 1, 1],
    ["{'a':1}", 'expected a member name in double quotes', 1, 2],
  ])('names the place in %j', (text, message, line, column) => {
    const error = refusal(text);
    expect(error).toMatchObject({ code: 'body.malformed', status: 400 });
    expect(error.message).toContain(`${message} at line ${line}, column ${column} `);
    expect(error.errors).toEqual([
      { pointer: '#', line, message: `${message} at column ${column}` },
    ]);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22]))).toThrow('not UTF-8');
  });

  it('refuses numbers beyond a double, and only those', () => {
    const error = refusal('{"a":[1,{"b c":-1e400}]}');
    expect(error).toMatchObject({ code: 'body.malformed', status: 400 });
    expect(error.errors).toEqual([
      { pointer: '#/a/1/b%20c', message: 'the number is larger than a double can hold' },
    ]);
    expect(refusal('9'.repeat(400))).toMatchObject({ code: 'body.malformed' });
    expect(parse('["1e400",1e308,1e-400]')).toEqual(['1e400', 1e308, 0]);
  });

  it(`allows ${maxNesting} levels and no more`, () => {
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    expect(parse(nested(maxNesting))).toBeInstanceOf(Array);
    expect(refusal(nested(maxNesting + 1))).toMatchObject({ code: 'body.too_deep', status: 400 });
    expect(refusal('{"a":'.repeat(200_000))).toMatchObject({ code: 'body.too_deep' });
  });

  it('counts no brackets inside strings', () => {
    const text = JSON.stringify({ a: '[{"\\'.repeat(500), b: '\\"[' });
    expect(parse(text)).toEqual(JSON.parse(text));
  });
});
