import { parseEcoWindow } from '@easyflow/domain-schedule';
import { readConfig } from '@easyflow/platform-config';
import { KafkaTransport } from '@easyflow/platform-kafka';
import { InMemoryRateLimiter } from '@easyflow/platform-limiter';
import { RedisRateLimiter } from '@easyflow/platform-redis';
import { logger } from '@easyflow/platform-telemetry';
import {
  DatabaseAccess,
  EnvelopeSigner,
  HttpIssuer,
  readWorkloadIdentity,
} from '@easyflow/tenant-context';
import { startGateway } from './start-gateway';

async function main(): Promise<void> {
  const config = readConfig('gateway');
  const log = logger(config.service, { level: config.logLevel });
  const identity = await readWorkloadIdentity(config.service, config.identityKeyFile);
  const database = await DatabaseAccess.connect(config.database);
  const issuer = new HttpIssuer({ url: config.issuerUrl, identity });
  const transport = new KafkaTransport({
    brokers: config.kafka.brokers,
    ssl: config.kafka.tls,
    clientId: config.service,
    log,
  });
  await transport.connect();
  const limiter =
    config.redisUrl === undefined
      ? new InMemoryRateLimiter()
      : new RedisRateLimiter({ url: config.redisUrl, log });
  const service = await startGateway({
    settings: {
      http: config.http,
      slot: config.slot,
      bodyLimitBytes: config.bodyLimitBytes,
      ecoWindow: parseEcoWindow(config.ecoWindow),
      drainMs: config.drainMs,
    },
    database,
    transport,
    issuer,
    limiter,
    signer: new EnvelopeSigner(identity),
    logger: log,
  });
  log.info({ url: service.url }, 'the gateway is up');
  const closing = [service, limiter, transport, issuer, database];
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    for (const part of closing) await part.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop());
  process.on('SIGINT', () => void stop());
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
