import { textArray } from './text-array';

describe('textArray', () => {
  it.each([
    [[], '{}'],
    [['a', 'b c'], '{"a","b c"}'],
    [[null, 'null', 'NULL', ''], '{NULL,"null","NULL",""}'],
    [['{"a":"b\\"c"}'], '{"{\\"a\\":\\"b\\\\\\"c\\"}"}'],
    [['a","b', '},{', '\\'], '{"a\\",\\"b","},{","\\\\"}'],
  ])('%j is %s', (values, literal) => expect(textArray(values)).toBe(literal));
});
