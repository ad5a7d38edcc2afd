import fc from 'fast-check';
import { DatabaseClock } from './database-clock';

/** The clocks of a machine whose wall clock is so far ahead of the database's. */
function machine(skewMs: number) {
  let passed = 0;
  return {
    database: () => 1_000_000 + passed,
    clock: { now: () => 1_000_000 + passed + skewMs, monotonic: () => 77 + passed },
    pass: (ms: number) => (passed += ms),
  };
}

describe('DatabaseClock', () => {
  it('is the machine’s wall clock until the database was asked', () => {
    const { clock } = machine(20_000);
    const time = new DatabaseClock(clock);
    expect(time.now()).toBe(clock.now());
    expect([time.known, time.skewMs]).toEqual([false, 0]);
  });

  it.each([20_000, -20_000, 0])('knows the database’s time with a skew of %s ms', (skewMs) => {
    const { clock, database, pass } = machine(skewMs);
    const time = new DatabaseClock(clock);
    const sent = time.monotonic();
    pass(2);
    const reading = database();
    pass(2);
    time.learn(reading, sent, time.monotonic());
    expect(time.now()).toBe(database());
    expect(time.skewMs).toBe(skewMs);
    pass(60_000);
    expect(time.now()).toBe(database());
  });

  it('is off by no more than the fastest round trip, whatever comes after it', () => {
    const trip = fc.integer({ min: 0, max: 500 });
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.tuple(trip, trip), { minLength: 1 }),
        (skewMs, trips) => {
          const { clock, database, pass } = machine(skewMs);
          const time = new DatabaseClock(clock);
          let best = Infinity;
          for (const [there, back] of trips) {
            const sent = time.monotonic();
            pass(there);
            const reading = database();
            pass(back);
            time.learn(reading, sent, time.monotonic());
            best = Math.min(best, there + back);
            expect(Math.abs(time.now() - database())).toBeLessThanOrEqual(best + 1e-6);
          }
        },
      ),
    );
  });

  it('follows a clock that was set', () => {
    const { clock, pass } = machine(0);
    const time = new DatabaseClock(clock);
    time.learn(5_000, time.monotonic(), time.monotonic());
    pass(10);
    time.learn(9_000, time.monotonic() - 2, time.monotonic());
    expect(time.now()).toBe(9_000);
  });
});
