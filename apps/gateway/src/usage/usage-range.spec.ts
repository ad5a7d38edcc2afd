import { usageRange } from './usage-range';

describe('usageRange', () => {
  const now = Date.parse('2026-03-01T10:30:00Z');
  const range = (query: { from?: string; to?: string }): string[] => {
    const { from, to } = usageRange(query, now);
    return [from.toISOString(), to.toISOString()];
  };

  it('is the 30 days before the end, which is now unless the query says otherwise', () => {
    expect(range({})).toEqual(['2026-01-30T10:30:00.000Z', '2026-03-01T10:30:00.000Z']);
    expect(range({ to: '2026-02-01T02:00:00+02:00' })).toEqual([
      '2026-01-02T00:00:00.000Z',
      '2026-02-01T00:00:00.000Z',
    ]);
    expect(range({ from: '2026-02-01T00:00:00Z' })).toEqual([
      '2026-02-01T00:00:00.000Z',
      '2026-03-01T10:30:00.000Z',
    ]);
  });

  it.each([
    [{ from: '0000-01-01T00:00:00Z' }, 0],
    [{ from: '0001-01-01T00:00:00+12:00' }, 0],
    [{ to: '0001-01-01T00:00:00Z' }, 0],
    [{ to: '0001-01-01T00:00:00Z' }, 1],
  ])('begins with the epoch where %j says less, for Postgres has no year 0', (query, end) => {
    expect(range(query)[end]).toBe('1970-01-01T00:00:00.000Z');
  });

  it('ends with the last year of four digits', () => {
    expect(range({ to: '9999-12-31T23:59:59-12:00' })[1]).toBe('9999-12-31T23:59:59.999Z');
  });
});
