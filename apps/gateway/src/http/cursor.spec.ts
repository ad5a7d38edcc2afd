import { readCursor, writeCursor } from './cursor';

const parts = [/^[a-z]+$/, /^[a-z]+$/];

describe('a cursor', () => {
  it('is read back', () => {
    expect(readCursor(writeCursor(['shop', 'order']), parts)).toEqual(['shop', 'order']);
  });

  it.each(['', 'x', '!!!', writeCursor(['shop']), writeCursor(['shop', "' OR 1=1"]), 'eyJhIjoxfQ'])(
    'that is %j is refused',
    (cursor) =>
      expect(() => readCursor(cursor, parts)).toThrow(
        expect.objectContaining({ code: 'request.invalid_cursor', status: 400 }),
      ),
  );
});
