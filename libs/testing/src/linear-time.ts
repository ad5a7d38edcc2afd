const SIZES = { small: 20_000, large: 160_000 } as const;
/** Eight times the size: a linear scan takes 8 times as long, a quadratic one 64 times. */
const MOST_GROWTH = 24;
/** Below this, what is measured is noise. */
const SHORT_MS = 10;

/** CPU time of this thread that `run` takes, in milliseconds: others on the machine do not count. The least of three. */
export function cpuTime(run: () => void): number {
  const times = [1, 2, 3].map(() => {
    const before = process.threadCpuUsage();
    run();
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...times);
}

/** @throws Error when the time of `run` grows faster than the length of the text that `textOf` gives */
export function expectLinearTime(
  textOf: (size: number) => string,
  run: (text: string) => void,
): void {
  const [small, large] = [textOf(SIZES.small), textOf(SIZES.large)];
  const short = cpuTime(() => run(small));
  const long = cpuTime(() => run(large));
  if (long <= SHORT_MS || long <= MOST_GROWTH * short) return;
  throw new Error(
    `${SIZES.small} characters take ${short.toFixed(1)} ms of CPU, ${SIZES.large} take ${long.toFixed(1)} ms: ${JSON.stringify(large.slice(0, 40))}…`,
  );
}
