import { readFile } from 'node:fs/promises';
import { readConfig } from '@easyflow/platform-config';
import { logger as createLogger } from '@easyflow/platform-telemetry';
import { runProcess } from '@easyflow/runtime';
import {
  DatabaseAccess,
  IssuerCore,
  readJwtKeys,
  TokenKeyRotation,
  type SenderKey,
} from '@easyflow/tenant-context';
import { startIssuer } from './start-issuer';

void runProcess('issuer', async (keep) => {
  const config = readConfig('issuer');
  const logger = createLogger('issuer', { level: config.logLevel });
  const senderKeys = JSON.parse(await readFile(config.workloadsFile, 'utf8')) as SenderKey[];
  const database = keep(await DatabaseAccess.connect(config.database));
  const clock = await database.watch(logger);
  const core = new IssuerCore({
    issuance: database.issuance,
    jwtKeys: readJwtKeys(await readFile(config.jwtKeyFile, 'utf8')),
    senderKeys,
    adminKey: config.adminKey,
    accessTokenSeconds: config.accessTokenSeconds,
    defaultLimits: config.limits,
    clock,
  });
  const issuer = keep(await startIssuer({ core, senderKeys, database, ...config.http, logger }));
  const { issuance } = database;
  keep(new TokenKeyRotation({ issuance, everyMs: config.tokenKeyMs, logger }).start());
  return { url: issuer.url, logger };
});
