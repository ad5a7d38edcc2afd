import { newId } from '@easyflow/kernel-ids';
import { InMemoryRateLimiter } from './in-memory-rate-limiter';
import { StartGate } from './start-gate';

describe('StartGate', () => {
  let time = 0;
  const clock = { now: () => time, monotonic: () => time };
  const gate = (): StartGate => new StartGate(new InMemoryRateLimiter(clock), clock);
  beforeEach(() => (time = 1_000));

  it("lets a second's worth start, then one after the other at the rate", async () => {
    const tenant = newId();
    const one = gate();
    expect(await one.admit(tenant, 10, 10)).toBe(0);
    const waits: number[] = [];
    for (let count = 0; count < 5; count += 1) waits.push(await one.admit(tenant, 10, 1));
    expect(waits).toEqual([100, 200, 300, 400, 500]);
    expect(await one.admit(newId(), 10, 1)).toBe(0);
  });

  it.each([1, 2, 7])(
    'keeps the rate when everybody who waits asks again, %i at a time',
    async (size) => {
      const tenant = newId();
      const one = gate();
      const line = Array.from({ length: 400 }, () => ({ at: time }));
      let started = 0;
      let asked = 0;
      const end = time + 10_000;
      while (time < end) {
        for (const waiting of line.filter(({ at }) => at <= time)) {
          asked += 1;
          const wait = await one.admit(tenant, 20, size);
          if (wait === 0) started += size;
          // What was started asks anew at once, as a flow does that starts itself.
          waiting.at = time + Math.max(1, wait);
        }
        time += 10;
      }
      expect(started).toBeLessThanOrEqual(20 * 11 + size);
      expect(started).toBeGreaterThanOrEqual(20 * 10 * 0.8);
      // 400 that wait ask some hundred times more than they start, not 400 times a second.
      expect(asked).toBeLessThan(1_500);
    },
  );

  it('sends nobody away for longer than ten minutes', async () => {
    const tenant = newId();
    const one = gate();
    await one.admit(tenant, 0.001, 1);
    expect(await one.admit(tenant, 0.001, 1)).toBe(600_000);
  });
});
