import fc from 'fast-check';
import { searchPattern } from './pattern-matcher';
import { compilePattern } from './pattern-program';
import { PatternRefused, readPattern } from './pattern-tree';
import { TextPattern } from './text-pattern';

const unlimited = { spend: (): void => undefined };

function limited(most: number): { spend: (steps: number) => void } {
  let left = most;
  return {
    spend: (steps) => {
      left -= steps;
      if (left < 0) throw new Error('spent');
    },
  };
}

const matches = (source: string, text: string): boolean =>
  new TextPattern(source, unlimited).test(text);

/** By the search, however plain the pattern. */
const searches = (source: string, text: string): boolean =>
  searchPattern(compilePattern(readPattern(source)), text, unlimited);

const atom = fc.constantFrom(
  ...['a', 'b', '.', '[ab]', '[^a]', '\\w', '\\d', '\\u{1F600}', '\\uD83D\\uDE00', '😀', '\\p{Lu}'],
  ...[
    '\\b',
    '\\B',
    '^',
    '$',
    '(?=a)',
    '(?!b)',
    '(?<=a)',
    '(?<!b|ab)',
    '(?=.*b)',
    '(?<=^a*)',
    '(?=(?<!a)b)',
  ],
);
const quantifier = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '{2,}', '*?', '{0,2}?');
const pattern = fc.letrec<{ all: string; part: string }>((tie) => ({
  all: fc
    .array(fc.array(tie('part'), { maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((branches) => branches.map((parts) => parts.join('')).join('|')),
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(atom, quantifier).map(([what, times]) => repeated(what, times)),
    fc
      .tuple(fc.constantFrom('(', '(?:', '(?=', '(?!', '(?<=', '(?<!'), tie('all'), quantifier)
      .map(([open, inner, times]) => repeated(`${open}${inner})`, times)),
  ),
})).all;
const text = fc.array(fc.constantFrom('a', 'b', 'A', '1', ' ', '\n', '😀', '\ud83d'), {
  maxLength: 8,
});

/** What cannot be repeated stands as it is. */
function repeated(what: string, times: string): string {
  return /^(?:\\b|\\B|\^|\$|\(\?<?[=!])/i.test(what) ? what : what + times;
}

describe('a pattern', () => {
  it('matches what the engine says', () => {
    fc.assert(
      fc.property(pattern, text, (source, letters) => {
        const value = letters.join('');
        const expected = new RegExp(source, 'u').test(value);
        expect(searches(source, value)).toBe(expected);
        expect(matches(source, value)).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['(a+)+$', `${'a'.repeat(5_000)}!`],
    ['^(a|a)*$', `${'a'.repeat(5_000)}!`],
    ['^(\\w+\\s?)*$', `${'word '.repeat(1_000)}!`],
    ['a*a*a*a*a*b', 'a'.repeat(5_000)],
    ['^(?=(a+)+$)a', `${'a'.repeat(5_000)}!`],
    ['^([a-z]{1,20}){1,20}$', `${'a'.repeat(500)}!`],
  ])('%s, which would run away, does not', (source, value) => {
    const meter = limited(2_000_000);
    expect(new TextPattern(source, meter).test(value)).toBe(false);
  });

  it('spends what it takes', () => {
    const pairs = new TextPattern('^(?:(?=.*b).)*$', limited(100_000));
    expect(() => pairs.test(`${'a'.repeat(100_000)}b`)).toThrow('spent');
    const anywhere = new TextPattern('[ab]{400}c', limited(100_000));
    expect(() => anywhere.test('a'.repeat(500_000))).toThrow('spent');
  });

  it('of a password policy works', () => {
    const policy = '^(?=.*[A-Z])(?=.*\\d)(?!.*\\s).{8,}$';
    expect(
      ['Passw0rdLong', 'passw0rdlong', 'Passw rd0Long'].map((word) => matches(policy, word)),
    ).toEqual([true, false, false]);
  });

  it.each([
    ['(a', 'Unterminated group'],
    ['(a)\\1', 'backreferences are not supported'],
    ['(?<x>a)\\k<x>', 'backreferences are not supported'],
    [`${'('.repeat(20_000)}a${')'.repeat(20_000)}`, 'nested too deeply'],
    ['(?i:a)', 'flags within a pattern are not supported'],
    ['(((a{1,99}){1,99}){1,99}b|c)+', 'it is too large'],
  ])('%s is refused', (source, problem) => {
    const make = (): unknown => new TextPattern(source, unlimited);
    expect(make).toThrow(PatternRefused);
    expect(make).toThrow(problem);
  });
});
