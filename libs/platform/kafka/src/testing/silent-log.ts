import type { TransportLog } from '@easyflow/platform-messaging';

/** For tests: `EASYFLOW_TEST_LOG=1` prints what the adapter logs. */
export const silentLog: TransportLog = process.env['EASYFLOW_TEST_LOG']
  ? console
  : {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: () => undefined,
    };
