import { parseEcoWindow } from '@easyflow/domain-schedule';
import { HttpCaller } from '@easyflow/platform-http';
import { InMemoryRateLimiter } from '@easyflow/platform-limiter';
import { RedisRateLimiter } from '@easyflow/platform-redis';
import { runService } from '@easyflow/runtime';
import { startExecutor } from './start-executor';

void runService('executor', async ({ config, keep, logger, transport, ...deps }) =>
  startExecutor({
    settings: {
      slot: config.slot,
      maxInFlight: config.executor.slots,
      leaseMs: config.executor.leaseMs,
      pollMs: config.executor.pollMs,
      ...(config.executor.threads !== undefined && { threads: config.executor.threads }),
      drainMs: config.drainMs,
      ecoWindow: parseEcoWindow(config.ecoWindow),
      http: config.http,
    },
    caller: keep(
      new HttpCaller({
        policy: config.egress,
        defaultTimeoutMs: config.executor.callTimeoutMs,
        lanes: { perTenant: config.executor.callsPerTenant },
        lookupsAtOnce: config.executor.nameLookups,
        log: logger,
      }),
    ),
    starts: keep(
      config.redisUrl === undefined
        ? new InMemoryRateLimiter()
        : new RedisRateLimiter({ url: config.redisUrl, log: logger }, 'starts'),
    ),
    transport: await transport(),
    logger,
    ...deps,
  }),
);
