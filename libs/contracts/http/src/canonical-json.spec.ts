import { canonicalJson } from './canonical-json';

describe('canonicalJson', () => {
  it('does not depend on the order of members', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' })).toBe(
      canonicalJson({ a: 'x', b: [{ c: null, d: 1 }] }),
    );
  });

  it('tells different values apart', () => {
    const values = [1, '1', null, [], {}, [1, 2], [2, 1], { a: 1 }, { a: [1] }, '\ud800', '\0'];
    expect(new Set(values.map(canonicalJson)).size).toBe(values.length);
  });

  it('keeps a member that is called __proto__', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
  });
});
