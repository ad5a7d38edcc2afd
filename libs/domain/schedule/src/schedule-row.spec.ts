import { isId, idTime } from '@easyflow/kernel-ids';
import { awaitsEnd, scheduleRow } from './schedule-row';
import { tickExecutionId, tickKey } from './scheduled-execution';

const now = Date.parse('2026-05-01T12:00:00Z');

describe('scheduleRow', () => {
  it('is nothing for a flow without a schedule', () => {
    expect(scheduleRow({ document: {} }, { now })).toBeUndefined();
  });

  it('writes durations so that they read back', () => {
    expect(scheduleRow({ schedule: { every: 1_500 }, document: {} }, { now })).toEqual({
      kind: 'every',
      expression: 'PT1.5S',
      nextTick: now + 1_500,
    });
  });

  it('takes the time zone of the document, else the default', () => {
    const schedule = { cron: '0 14 * * *' };
    const document = { document: { metadata: { timezone: 'Europe/Berlin' } } };
    expect(scheduleRow({ schedule, document }, { now, defaultTimeZone: 'Asia/Tokyo' })).toEqual({
      kind: 'cron',
      expression: 'CRON_TZ=Europe/Berlin 0 14 * * *',
      nextTick: Date.parse('2026-05-02T12:00:00Z'),
    });
    expect(
      scheduleRow({ schedule, document: {} }, { now, defaultTimeZone: 'Asia/Tokyo' })?.nextTick,
    ).toBe(Date.parse('2026-05-02T05:00:00Z'));
  });

  it('keeps the ticks of an unchanged expression', () => {
    const current = {
      kind: 'every' as const,
      expression: 'PT60S',
      lastTick: undefined,
      nextTick: now + 5,
    };
    const flow = { schedule: { every: 60_000 }, document: {} };
    expect(scheduleRow(flow, { now, current })?.nextTick).toBe(now + 5);
    const other = { schedule: { every: 61_000 }, document: {} };
    expect(scheduleRow(other, { now, current })?.nextTick).toBe(now + 61_000);
  });

  it('keeps a tick that is due and not fired yet, whatever comes after it', () => {
    const current = {
      kind: 'every' as const,
      expression: 'PT60S',
      lastTick: now - 60_003,
      nextTick: now - 3,
    };
    const flow = { schedule: { cron: '0 14 * * *' }, document: {} };
    expect(scheduleRow(flow, { now, current })).toMatchObject({ kind: 'cron', nextTick: now - 3 });
  });

  it('lets a new version of an `after` wait for the run that is under way', () => {
    const current = {
      kind: 'after' as const,
      expression: 'PT60S',
      lastTick: now - 5,
      nextTick: undefined,
    };
    for (const after of [60_000, 1_000]) {
      const row = scheduleRow({ schedule: { after }, document: {} }, { now, current });
      expect(row).toEqual({
        kind: 'after',
        expression: `PT${after / 1_000}S`,
        nextTick: undefined,
      });
    }
    expect(awaitsEnd(current)).toBe(true);
    const fresh = { ...current, lastTick: undefined };
    const anew = scheduleRow({ schedule: { after: 1_000 }, document: {} }, { now, current: fresh });
    expect(anew?.nextTick).toBe(now + 1_000);
  });

  it('refuses a cron expression that cannot be read', () => {
    expect(() => scheduleRow({ schedule: { cron: 'noon' }, document: {} }, { now })).toThrow(
      'is not a schedule',
    );
  });
});

describe('the execution of a tick', () => {
  const schedule = '0190163d-8694-739b-aea5-966c26f8ad91';

  it('has one id and one key a tick', () => {
    const id = tickExecutionId(schedule, now);
    expect(isId(id)).toBe(true);
    expect(id[14]).toBe('7');
    expect('89ab').toContain(id.charAt(19));
    expect(idTime(id)).toBe(now);
    expect(tickExecutionId(schedule, now)).toBe(id);
    expect(tickExecutionId(schedule, now + 1)).not.toBe(id);
    expect(tickKey(schedule, now)).toBe(`schedule ${schedule} 2026-05-01T12:00:00.000Z`);
  });
});
