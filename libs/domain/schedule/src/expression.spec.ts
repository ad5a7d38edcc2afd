import { readExpression } from './expression';

function ticks(text: string, from: string, count: number): string[] {
  const expression = readExpression('cron', text);
  if (expression.kind !== 'cron') throw new Error('not a cron');
  const found: string[] = [];
  let tick: number | undefined = Date.parse(from);
  while (found.length < count) {
    tick = expression.next(tick);
    if (tick === undefined) break;
    found.push(new Date(tick).toISOString().slice(5, 16));
  }
  return found;
}

describe('cron', () => {
  it('counts in UTC unless the expression names a time zone', () => {
    expect(ticks('30 2 * * *', '2026-06-01T12:00:00Z', 1)).toEqual(['06-02T02:30']);
    expect(ticks('CRON_TZ=Europe/Berlin 30 2 * * *', '2026-06-01T12:00:00Z', 1)).toEqual([
      '06-02T00:30',
    ]);
  });

  it('moves a time that summer time skips to the first moment after the gap, once', () => {
    expect(ticks('CRON_TZ=Europe/Berlin 30 2 * * *', '2026-03-27T12:00:00Z', 4)).toEqual([
      '03-28T01:30',
      '03-29T01:00',
      '03-30T00:30',
      '03-31T00:30',
    ]);
  });

  it('runs a fixed time that comes twice in autumn once', () => {
    expect(ticks('CRON_TZ=Europe/Berlin 30 2 * * *', '2026-10-23T12:00:00Z', 3)).toEqual([
      '10-24T00:30',
      '10-25T00:30',
      '10-26T01:30',
    ]);
    expect(ticks('CRON_TZ=America/New_York 15,45 1 * * *', '2026-11-01T02:00:00Z', 3)).toEqual([
      '11-01T05:15',
      '11-01T05:45',
      '11-02T06:15',
    ]);
  });

  it.each([
    ['into summer time', '2026-03-28T23:45:00Z', ['00:00', '00:30', '01:00', '01:30', '02:00']],
    ['out of summer time', '2026-10-24T23:45:00Z', ['00:00', '00:30', '01:00', '01:30', '02:00']],
  ])('keeps an interval in elapsed time %s', (_, from, expected) => {
    const found = ticks('CRON_TZ=Europe/Berlin */30 * * * *', from, 5);
    expect(found.map((tick) => tick.slice(6))).toEqual(expected);
  });

  it.each(['61 * * * *', 'x', '', 'CRON_TZ=Mars/Olympus 0 0 * * *', '* * * * * * *'])(
    'refuses %j',
    (text) => expect(() => readExpression('cron', text)).toThrow('is not a schedule'),
  );
});

describe('every and after', () => {
  it('read a duration', () => {
    expect(readExpression('every', 'PT1.5S')).toEqual({ kind: 'every', every: 1_500 });
    expect(readExpression('after', 'PT60S')).toEqual({ kind: 'after', after: 60_000 });
  });

  it('fire at most ten times a second', () => {
    expect(readExpression('every', 'PT0.001S')).toEqual({ kind: 'every', every: 100 });
  });

  it('refuse nothing', () => {
    expect(() => readExpression('every', 'PT0S')).toThrow('longer than nothing');
  });
});
