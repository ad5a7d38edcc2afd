import type { TransportLog } from '@easyflow/platform-messaging';

/** For tests that provoke what the adapter logs. */
export const silentLog: TransportLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
