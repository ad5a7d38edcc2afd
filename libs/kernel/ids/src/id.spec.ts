import { derivedId, idTime, isId, newId } from './id';

describe('newId', () => {
  it('makes version 7 identifiers that sort in the order they were made', () => {
    const ids = Array.from({ length: 5_000 }, () => newId());
    expect(ids.every((id) => isId(id) && id[14] === '7')).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('carries the time it was made', () => {
    const before = Date.now();
    const time = idTime(newId());
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now() + 1);
  });
});

describe('derivedId', () => {
  it('is one of version 7 for a time and a text', () => {
    const id = derivedId(1_700_000_000_000, 'a');
    expect(isId(id) && id[14] === '7').toBe(true);
    expect(idTime(id)).toBe(1_700_000_000_000);
    expect(derivedId(1_700_000_000_000, 'a')).toBe(id);
  });

  it('is another for another text, and another time', () => {
    const ids = Array.from({ length: 5_000 }, (_, number) => derivedId(1, String(number)));
    expect(new Set([...ids, derivedId(2, '0')]).size).toBe(5_001);
  });
});

describe('isId', () => {
  it.each(['', 'x', '0190163D-8694-739B-AEA5-966C26F8AD91', "' OR 1=1", `${newId()}\n`])(
    'refuses %j',
    (text) => expect(isId(text)).toBe(false),
  );
});
