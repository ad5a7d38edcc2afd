import { shutdownTelemetry, type Logger } from '@easyflow/platform-telemetry';

/** A part of a process that has to be closed. */
export interface Closable {
  close(): Promise<void>;
}

/**
 * Starts, and on SIGTERM or SIGINT closes what was kept in reverse order: what was started last depends on what was
 * started before. Telemetry goes last, so that the end of a process is seen too. What goes wrong at the start is
 * said and ends the process with code 1; whoever supervises it tries again.
 */
export async function runProcess(
  name: string,
  start: (
    keep: <T extends Closable>(part: T) => T,
  ) => Promise<{ url: string | undefined; logger: Logger }>,
): Promise<void> {
  const kept: Closable[] = [];
  const close = async () => {
    for (const part of kept.reverse()) await part.close();
    await shutdownTelemetry();
  };
  try {
    const { url, logger } = await start((part) => {
      kept.push(part);
      return part;
    });
    logger.info({ url }, `${name} runs`);
    let stopping = false;
    const stop = (signal: NodeJS.Signals) => {
      if (stopping) return;
      stopping = true;
      logger.info({ signal }, `${name} stops`);
      close().then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ error }, `${name} did not stop cleanly`);
          process.exit(1);
        },
      );
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${name} could not start: ${told}\n`);
    process.exitCode = 1;
    await close();
    process.exit();
  }
}
