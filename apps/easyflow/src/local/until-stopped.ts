import { exitCodes } from '../cli/exit-codes';
import type { Progress } from './progress';

/** One Ctrl-C comes twice where a parent that got it too hands it on; nobody asks again so soon. */
const ECHO_MS = 300;

/** A server that cannot go on has little left to close. */
const CLOSE_FAILED_MS = 15_000;
const EXIT_MS = 1_000;

interface Stoppable {
  close(): Promise<void>;
  /** Resolves with the reason when it cannot go on. */
  readonly failed?: Promise<Error>;
}

/**
 * Starts, and stops cleanly at Ctrl-C or SIGTERM, also when that comes while it is still starting: a start that
 * fails then has failed because of it, as what it runs gets the same Ctrl-C. A second Ctrl-C ends at once. Resolves when
 * everything has stopped; the process's exit code is then 130 after Ctrl-C, else 0.
 * @throws what `start` throws, and the reason when what runs cannot go on
 */
export async function untilStopped(
  progress: Progress,
  start: () => Promise<Stoppable>,
): Promise<void> {
  let asked: NodeJS.Signals | undefined;
  let askedAt = 0;
  let wake: () => void = () => undefined;
  const told = new Promise<void>((resolve) => (wake = resolve));
  const onSignal = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (asked !== undefined && now - askedAt < ECHO_MS) return;
    if (asked !== undefined) process.exit(exitCodes.interrupt);
    asked = signal;
    askedAt = now;
    progress.say('stopping; once more to stop at once');
    wake();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const running = await start().catch((error: unknown) => {
      if (asked === undefined) throw error;
    });
    const failure = await Promise.race([told, running?.failed ?? told]);
    if (failure && running) {
      await Promise.race([running.close().catch(() => undefined), sleep(CLOSE_FAILED_MS)]);
      // What could not be closed must not keep the process.
      setTimeout(() => process.exit(exitCodes.error), EXIT_MS).unref();
      throw failure;
    }
    await running?.close();
    progress.say('stopped');
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
  if (asked === 'SIGINT') process.exitCode = exitCodes.interrupt;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
