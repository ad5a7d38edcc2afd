/**
 * The SDK is started by a file of its own (`--import`), the application ends it: they meet in the global symbol
 * registry, since the two may have been loaded as separate module instances.
 */
const SHUTDOWN = Symbol.for('easyflow.telemetry.shutdown');

interface Holder {
  [SHUTDOWN]?: () => Promise<void>;
}

/** Remembers how the SDK is ended. */
export function setShutdown(shutdown: () => Promise<void>): void {
  (globalThis as Holder)[SHUTDOWN] = shutdown;
}

/** Sends what is still held and ends the SDK; does nothing without one. Call it last, before the process exits. */
export async function shutdownTelemetry(): Promise<void> {
  const holder = globalThis as Holder;
  const shutdown = holder[SHUTDOWN];
  delete holder[SHUTDOWN];
  await shutdown?.();
}
