import type { Logger } from '@easyflow/platform-telemetry';

/** What runs until the process is told to stop. */
export interface RunningProcess {
  readonly url?: string;
  close(): Promise<void>;
}

/**
 * Starts, and stops cleanly on SIGTERM and SIGINT. What goes wrong at the start is said on one line and ends the
 * process with code 1, so that whoever supervises it tries again.
 */
export async function runProcess(
  service: string,
  logger: Logger,
  start: () => Promise<RunningProcess>,
): Promise<void> {
  let running: RunningProcess;
  try {
    running = await start();
  } catch (error) {
    logger.fatal({ error }, `${service} could not start: ${(error as Error).message}`);
    process.exitCode = 1;
    // Sockets that are already open would keep the process alive.
    setTimeout(() => process.exit(1), 100).unref();
    return;
  }
  logger.info({ url: running.url }, `${service} runs`);
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, `${service} stops`);
    running.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error }, `${service} did not stop cleanly`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
