import { jsonArray, plainArray } from './array-literals';

describe('array literals', () => {
  it('write plain values and nulls', () => {
    expect(plainArray(['a-1', 2, null])).toBe('{a-1,2,NULL}');
    expect(plainArray([])).toBe('{}');
  });

  it('escape the quotes and backslashes of JSON, and nothing else', () => {
    const json = JSON.stringify({ text: 'a "b" \\ \u0000 \n {},NULL \u2028' });
    const literal = jsonArray([json, null, '"NULL"']);
    expect(literal).toBe(
      `{"${json.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}",NULL,"\\"NULL\\""}`,
    );
  });
});
