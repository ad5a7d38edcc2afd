import { parseEcoWindow } from '@easyflow/domain-schedule';
import { InMemoryAttemptLimiter, InMemoryRateLimiter } from '@easyflow/platform-limiter';
import { RedisAttemptLimiter, RedisRateLimiter } from '@easyflow/platform-redis';
import { runService } from '@easyflow/runtime';
import { startGateway } from './start-gateway';

void runService('gateway', async ({ config, keep, logger, transport, ...deps }) =>
  startGateway({
    settings: {
      http: { ...config.http, trustedProxies: config.trustedProxies },
      slot: config.slot,
      bodyLimitBytes: config.bodyLimitBytes,
      ecoWindow: parseEcoWindow(config.ecoWindow),
      drainMs: config.drainMs,
    },
    limiter: keep(
      config.redisUrl === undefined
        ? new InMemoryRateLimiter()
        : new RedisRateLimiter({ url: config.redisUrl, log: logger }),
    ),
    attempts: keep(
      config.redisUrl === undefined
        ? new InMemoryAttemptLimiter()
        : new RedisAttemptLimiter({ url: config.redisUrl, log: logger }),
    ),
    transport: await transport(),
    logger,
    ...deps,
  }),
);
