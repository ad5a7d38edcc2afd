import type { Json } from '@easyflow/engine';
import fc from 'fast-check';
import { resolveRefs, withRefs } from './state-refs';

describe('a state that is sent from a thread', () => {
  it('names what was there before and sends what is new', () => {
    const list = Array.from({ length: 1_000 }, (_, n) => ({ n }));
    const before = { sequence: 1, root: { frames: [{ items: list, input: { a: 1 } }] } };
    const frame = before.root.frames[0];
    const after = {
      sequence: 2,
      root: { frames: [{ items: frame?.items, input: { a: 2 } }, { input: list[7] }] },
    };
    const sent = withRefs(before, after);
    expect(JSON.stringify(sent).length).toBeLessThan(300);

    const received = structuredClone(sent);
    const whole = resolveRefs(before, received.state, received.refs);
    expect(whole).toEqual(after);
    // The same objects: what is stored of them is not stored again.
    expect(whole.root.frames[0]?.items).toBe(list);
    expect(whole.root.frames[1]?.input).toBe(list[7]);
  });

  it('is what it was, whatever it shares with the one before', () => {
    const parts = fc.array(fc.jsonValue({ maxDepth: 4 }), { minLength: 1, maxLength: 6 });
    const use = fc.array(fc.oneof(fc.nat(5), fc.jsonValue({ maxDepth: 3 })), { maxLength: 8 });
    fc.assert(
      fc.property(parts, use, (values, uses) => {
        const before = { values: values as Json[] };
        const after = {
          parts: uses.map((one) =>
            typeof one === 'number' && Number.isInteger(one)
              ? (before.values[one % before.values.length] as Json)
              : (one as Json),
          ),
          ['__proto__x']: before.values,
        };
        const received = structuredClone(withRefs(before, after));
        expect(resolveRefs(before, received.state, received.refs)).toEqual(after);
      }),
    );
  });
});
