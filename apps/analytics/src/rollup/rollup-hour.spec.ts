import { hourOf, rollupId } from './rollup-hour';

describe('rollupId', () => {
  it('names an hour and is read back', () => {
    const hour = new Date('2026-07-01T13:00:00Z');
    expect(rollupId(hour)).toBe('00000000-0000-7000-8000-00006a450f50');
    expect(hourOf(rollupId(hour))).toEqual(hour);
  });

  it.each([
    '00000000-0000-7000-8000-000000000001',
    '0196f000-0000-7000-8000-000000000000',
    '00000000-0000-7000-8000-ffffffffffe0',
    '00000000-0000-7000-8000-003fffffffe0',
  ])('%s names no hour', (id) => expect(hourOf(id)).toBeUndefined());
});
