import { InMemoryRateLimiter } from '@easyflow/platform-limiter';
import { RedisRateLimiter } from '@easyflow/platform-redis';
import { runService } from '@easyflow/runtime';
import { defaultSchedulerSettings } from './scheduler-settings';
import { startScheduler } from './start-scheduler';

void runService('scheduler', async ({ config, keep, logger, transport, ...deps }) =>
  startScheduler({
    settings: { ...defaultSchedulerSettings, slot: config.slot, http: config.http },
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
