import { readConfig } from '@easyflow/platform-config';
import { KafkaTransport } from '@easyflow/platform-kafka';
import { logger } from '@easyflow/platform-telemetry';
import {
  DatabaseAccess,
  EnvelopeSigner,
  HttpIssuer,
  readWorkloadIdentity,
} from '@easyflow/tenant-context';
import { startFlowRegistry } from './start-flow-registry';

async function main(): Promise<void> {
  const config = readConfig('flow-registry');
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
  const service = await startFlowRegistry({
    settings: { slot: config.slot, http: config.http },
    database,
    transport,
    issuer,
    signer: new EnvelopeSigner(identity),
    logger: log,
  });
  log.info({ url: service.url }, 'the flow registry is up');
  const closing = [service, transport, issuer, database];
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
