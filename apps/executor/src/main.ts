import { parseEcoWindow } from '@easyflow/domain-schedule';
import { HttpCaller } from '@easyflow/platform-http';
import { runService } from '@easyflow/runtime';
import { startExecutor } from './start-executor';

void runService('executor', async ({ config, keep, transport, ...deps }) =>
  startExecutor({
    settings: {
      slot: config.slot,
      maxInFlight: config.executor.slots,
      leaseMs: config.executor.leaseMs,
      pollMs: config.executor.pollMs,
      drainMs: config.drainMs,
      ecoWindow: parseEcoWindow(config.ecoWindow),
      http: config.http,
    },
    caller: keep(
      new HttpCaller({
        policy: config.egress,
        defaultTimeoutMs: config.executor.callTimeoutMs,
        lanes: { perTenant: config.executor.callsPerTenant },
        log: deps.logger,
      }),
    ),
    transport: await transport(),
    ...deps,
  }),
);
