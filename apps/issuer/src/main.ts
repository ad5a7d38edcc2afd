import { readFile } from 'node:fs/promises';
import { readConfig } from '@easyflow/platform-config';
import { logger } from '@easyflow/platform-telemetry';
import { DatabaseAccess, IssuerCore, readJwtKeys, type SenderKey } from '@easyflow/tenant-context';
import { startIssuer } from './start-issuer';

async function main(): Promise<void> {
  const config = readConfig('issuer');
  const log = logger('issuer');
  const senderKeys = JSON.parse(await readFile(config.workloadsFile, 'utf8')) as SenderKey[];
  const database = await DatabaseAccess.connect(config.database);
  const core = new IssuerCore({
    issuance: database.issuance,
    jwtKeys: readJwtKeys(await readFile(config.jwtKeyFile, 'utf8')),
    senderKeys,
    adminKey: config.adminKey,
    accessTokenSeconds: config.accessTokenSeconds,
    defaultLimits: config.limits,
  });
  const issuer = await startIssuer({ core, senderKeys, database, ...config.http, logger: log });
  log.info({ url: issuer.url }, 'issuer listening');
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void issuer
      .close()
      .then(() => database.close())
      .then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
