/** How long and for what `waitFor` waits. */
export interface WaitOptions {
  /** Milliseconds; default 30,000. */
  readonly timeout?: number;
  /** What is waited for, for the message of a timeout; a function is asked then. */
  readonly describe: string | (() => string | Promise<string>);
  /** Milliseconds between two looks; default 50. */
  readonly every?: number;
}

/**
 * Waits until the condition gives something other than false, null or undefined, and returns that.
 * Throws when it does not in time; a condition that throws ends the wait with its error.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const timeout = options.timeout ?? 30_000;
  const deadline = performance.now() + timeout;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== null && value !== undefined) {
      return value as Exclude<T, false | null | undefined>;
    }
    if (performance.now() > deadline) {
      const { describe } = options;
      const what = typeof describe === 'string' ? describe : await describe();
      throw new Error(`Waited ${timeout} ms in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, options.every ?? 50));
  }
}
