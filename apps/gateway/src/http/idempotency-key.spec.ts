import { idempotencyKey } from './idempotency-key';

describe('idempotencyKey', () => {
  it('is none without a header', () => expect(idempotencyKey(undefined)).toBeUndefined());

  it.each([
    ['abc', 'abc'],
    ['"abc"', 'abc'],
    [' abc ', 'abc'],
    ['"a\\"b"', 'a"b'],
    ['a"b', 'a"b'],
    ['x'.repeat(255), 'x'.repeat(255)],
    [`"${'x'.repeat(255)}"`, 'x'.repeat(255)],
  ])('%s is the key %s', (header, key) => expect(idempotencyKey(header)).toBe(key));

  it.each([[''], ['""'], ['a b'], ['"a b"'], ['é'], ['x'.repeat(256)], ['a\u0000b'], [['a', 'b']]])(
    'refuses %j',
    (header) =>
      expect(() => idempotencyKey(header)).toThrow(
        expect.objectContaining({ code: 'idempotency.key_invalid', status: 400 }),
      ),
  );
});
