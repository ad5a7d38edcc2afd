import { parseDuration } from './duration';

describe('parseDuration', () => {
  it.each([
    ['PT1S', 1_000],
    ['PT0.25S', 250],
    ['P1DT2H3M4.5S', 93_784_500],
    ['P2W', 1_209_600_000],
    [{ minutes: 1, seconds: 30 }, 90_000],
    [{ milliseconds: 0 }, 0],
    [{ days: 99_999_999_999_999 }, 94_608_000_000_000],
    [`P${'9'.repeat(400)}D`, 94_608_000_000_000],
  ])('reads %j', (value, milliseconds) => expect(parseDuration(value)).toBe(milliseconds));

  it.each([
    '',
    'P',
    'PT',
    'P1DT',
    '1s',
    'P1Y',
    'P1M',
    {},
    { years: 1 },
    { seconds: -1 },
    { seconds: '1' },
    null,
    5,
  ])('refuses %j', (value) => expect(() => parseDuration(value)).toThrow('is not a duration'));
});
