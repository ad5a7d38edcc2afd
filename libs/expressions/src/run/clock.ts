/**
 * The only place below the engine and the expressions where a clock is read (a lint rule): to interrupt what takes too
 * long, never to decide what it gives. What an expression calls `now` is given to it.
 */

/** Milliseconds of a clock that never goes back; some 50 ns a call. */
export function monotonic(): number {
  return performance.now();
}

/**
 * Milliseconds of CPU that this thread has used; some 450 ns a call. A pause of the process, or work of others on the
 * machine, does not count. Browsers do not tell it: there it is a monotonic clock.
 */
export const threadCpu: () => number =
  typeof process === 'undefined' || typeof process.threadCpuUsage !== 'function'
    ? monotonic
    : () => {
        const { user, system } = process.threadCpuUsage();
        return (user + system) / 1_000;
      };

/** Milliseconds since the epoch: `now` of an evaluation that was not told one. */
export function wallClock(): number {
  return Date.now();
}
