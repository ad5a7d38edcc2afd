/** The two clocks a process has. Passed in, so that tests can hold them. */
export interface Clock {
  /** Wall time in milliseconds since the epoch; may jump. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary start; for leases and time limits. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
