import { readConfig } from '@easyflow/platform-config';
import { logger } from '@easyflow/platform-telemetry';
import { DatabaseAccess, HttpIssuer, readWorkloadIdentity } from '@easyflow/tenant-context';
import { startAnalytics } from './start-analytics';

async function main(): Promise<void> {
  const config = readConfig('analytics');
  const log = logger(config.service, { level: config.logLevel });
  const identity = await readWorkloadIdentity(config.service, config.identityKeyFile);
  const database = await DatabaseAccess.connect(config.database);
  const issuer = new HttpIssuer({ url: config.issuerUrl, identity });
  const service = await startAnalytics({
    settings: { slot: config.slot, prices: config.prices, http: config.http },
    database,
    issuer,
    logger: log,
  });
  log.info({ url: service.url }, 'analytics is up');
  const closing = [service, issuer, database];
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
