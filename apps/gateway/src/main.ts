import { parseEcoWindow } from '@easyflow/domain-schedule';
import { InMemoryAttemptLimiter, InMemoryRateLimiter } from '@easyflow/platform-limiter';
import { RedisAttemptLimiter, RedisRateLimiter } from '@easyflow/platform-redis';
import { runService } from '@easyflow/runtime';
import { startGateway } from './start-gateway';
import { ServiceProbes } from './status/service-probes';
import { PATIENCE_MS } from './status/status-source';

void runService('gateway', async ({ config, keep, logger, transport, ...deps }) => {
  const limiter =
    config.redisUrl === undefined
      ? undefined
      : keep(new RedisRateLimiter({ url: config.redisUrl, log: logger }));
  return startGateway({
    settings: {
      http: { ...config.http, ...config.clients, trustedProxies: config.trustedProxies },
      slot: config.slot,
      bodyLimitBytes: config.bodyLimitBytes,
      ecoWindow: parseEcoWindow(config.ecoWindow),
      drainMs: config.drainMs,
    },
    limiter: limiter ?? keep(new InMemoryRateLimiter()),
    ...(limiter ? { redis: limiter } : {}),
    services: ServiceProbes.ofUrls(config.statusUrls, PATIENCE_MS),
    attempts: keep(
      config.redisUrl === undefined
        ? new InMemoryAttemptLimiter()
        : new RedisAttemptLimiter({ url: config.redisUrl, log: logger }),
    ),
    transport: await transport(),
    logger,
    ...deps,
  });
});
