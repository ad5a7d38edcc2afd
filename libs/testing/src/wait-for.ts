/** How long and for what `waitFor` waits. */
export interface WaitOptions {
  /** Milliseconds; default 30,000. */
  readonly timeout?: number;
  /** What is waited for, for the message of a timeout; a function is asked then. */
  readonly describe: string | (() => string | Promise<string>);
  /** Milliseconds between two looks; default 50. */
  readonly every?: number;
}

/** No number: 0 is what many counts begin with, so the caller says which number is waited for. */
type Condition = boolean | string | (object & { then?: never }) | null | undefined;

/**
 * Waits until the condition gives something other than false, null or undefined, and returns that.
 * Throws when it does not in time; a condition that throws ends the wait with its error.
 */
export async function waitFor<T extends Condition>(
  condition: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const timeout = options.timeout ?? 30_000;
  const deadline = performance.now() + timeout;
  for (;;) {
    const value = await condition();
    if (isThere(value)) return value;
    if (performance.now() > deadline) {
      const { describe } = options;
      const what = typeof describe === 'string' ? describe : await describe();
      throw new Error(`Waited ${timeout} ms in vain for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, options.every ?? 50));
  }
}

function isThere<T>(value: T): value is Exclude<T, false | null | undefined> {
  return value !== false && value !== null && value !== undefined;
}
