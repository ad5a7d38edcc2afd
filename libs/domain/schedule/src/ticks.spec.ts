import { readExpression } from './expression';
import { CATCH_UP_MS, dueTicks, firstTick, latestTick } from './ticks';

const every = readExpression('every', 'PT1S') as { kind: 'every'; every: number };
const midnight = readExpression('cron', '0 0 * * *') as {
  kind: 'cron';
  next: (after: number) => number | undefined;
};
const T = Date.parse('2026-05-01T00:00:00Z');
const DAY = 86_400_000;

describe('dueTicks', () => {
  it('fires nothing before the tick', () => {
    expect(dueTicks(every, T, T - 1)).toEqual({ fire: [], next: T });
  });

  it('fires the tick and knows the next, however late it looks', () => {
    expect(dueTicks(every, T, T + 999)).toEqual({ fire: [T], next: T + 1_000 });
  });

  it('fires each tick that a takeover delayed', () => {
    const { fire, next } = dueTicks(every, T, T + 30_000);
    expect(fire).toEqual(Array.from({ length: 31 }, (_, index) => T + index * 1_000));
    expect(next).toBe(T + 31_000);
  });

  it('skips ticks missed by more than the catch-up when later ones fire', () => {
    const now = T + 10 * DAY;
    const { fire, next } = dueTicks(every, T, now);
    expect(fire[0]).toBe(now - CATCH_UP_MS);
    expect(fire.at(-1)).toBe(now);
    expect(next).toBe(now + 1_000);
  });

  it('fires only the most recent of the ticks missed long ago', () => {
    const now = T + 10 * DAY + 3_600_000;
    expect(dueTicks(midnight, T, now)).toEqual({ fire: [T + 10 * DAY], next: T + 11 * DAY });
    const hourly = { kind: 'every' as const, every: 3_600_000 };
    expect(dueTicks(hourly, T, now + 600_000)).toEqual({ fire: [now], next: now + 3_600_000 });
  });

  it('fires the rest of many in the next round, none twice', () => {
    const fast = { kind: 'every' as const, every: 100 };
    const now = T + 29_950;
    const fired: number[] = [];
    let next: number | undefined = T;
    for (let round = 0; round < 5 && next !== undefined && next <= now; round += 1) {
      const due = dueTicks(fast, next, now);
      fired.push(...due.fire);
      next = due.next;
    }
    expect(fired).toEqual(Array.from({ length: 300 }, (_, index) => T + index * 100));
  });
});

describe('firstTick', () => {
  it('is an interval from now, or the next match', () => {
    expect(firstTick(every, T)).toBe(T + 1_000);
    expect(firstTick({ kind: 'after', after: 5_000 }, T)).toBe(T + 5_000);
    expect(firstTick(midnight, T)).toBe(T + DAY);
  });
});

describe('latestTick', () => {
  it('is the last tick up to a time, and the tick itself when none follows', () => {
    const every = readExpression('every', 'PT10S');
    const cron = readExpression('cron', '*/5 * * * *');
    if (every.kind === 'after' || cron.kind === 'after') throw new Error('not of these kinds');
    expect(latestTick(every, 1_000, 35_500)).toBe(31_000);
    expect(latestTick(every, 1_000, 500)).toBe(1_000);
    const noon = Date.parse('2026-05-01T12:00:00Z');
    expect(latestTick(cron, noon, noon + 3_599_000)).toBe(noon + 55 * 60_000);
    expect(latestTick(cron, noon, noon + 1_000)).toBe(noon);
  });
});
