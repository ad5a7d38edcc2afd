import { parseEcoWindow } from '@easyflow/domain-schedule';
import { HttpCaller } from '@easyflow/platform-http';
import { runService } from '@easyflow/runtime';
import { startExecutor } from './start-executor';

void runService('executor', async ({ config, ...deps }) => {
  const caller = new HttpCaller({ policy: config.egress });
  const executor = await startExecutor({
    settings: {
      slot: config.slot,
      maxInFlight: config.executor.slots,
      leaseMs: config.executor.leaseMs,
      pollMs: config.executor.pollMs,
      drainMs: config.drainMs,
      ecoWindow: parseEcoWindow(config.ecoWindow),
      http: config.http,
    },
    caller,
    ...deps,
  });
  return {
    ...(executor.url === undefined ? {} : { url: executor.url }),
    close: async () => {
      await executor.close();
      await caller.close();
    },
  };
});
