import { createRequire } from 'node:module';
import path from 'node:path';
import type { ProvisionedKeys } from '@easyflow/issuer';
import { ROLES_OF } from '@easyflow/platform-config';
import type { ServiceName } from '@easyflow/contracts-events';
import type { ServiceCommand } from './service-process';

const { resolve } = createRequire(__filename);

/** Everything of this installation that services are told. */
export interface Installation {
  dataDir: string;
  database: { host: string; port: number; name: string };
  kafka: readonly string[];
  redis: string;
  issuerUrl: string;
  /** Where the replicas of the services answer, as they are planned. */
  urls: { service: ServiceName; url: string }[];
  keys: ProvisionedKeys;
  /** Variables of the operator's own environment that services may see (EASYFLOW_*, OTEL_*, PATH …). */
  inherited: Readonly<Record<string, string>>;
}

/** How to run one replica of a service of this installation. `replica` names its slot. */
export function serviceCommand(
  service: ServiceName,
  replica: number,
  port: number,
  installation: Installation,
): ServiceCommand {
  const { database, keys } = installation;
  const passwords: Record<string, string> = {};
  for (const role of ROLES_OF[service]) {
    passwords[`EASYFLOW_DATABASE_PASSWORD_${role.toUpperCase()}`] = keys.rolePasswords[role];
  }
  const own: Record<string, string> =
    service === 'issuer'
      ? {
          EASYFLOW_ISSUER_JWT_KEY_FILE: keys.files.jwtKey,
          EASYFLOW_ISSUER_WORKLOADS_FILE: keys.files.workloads,
          EASYFLOW_ISSUER_ADMIN_KEY: keys.adminKey,
        }
      : {
          EASYFLOW_KAFKA_BROKERS: installation.kafka.join(','),
          EASYFLOW_ISSUER_URL: installation.issuerUrl,
          EASYFLOW_SLOT: String(replica),
        };
  if (service === 'gateway' || service === 'scheduler' || service === 'executor') {
    own['EASYFLOW_REDIS_URL'] = installation.redis;
  }
  if (service === 'gateway') {
    own['EASYFLOW_STATUS_URLS'] = installation.urls
      .map((replica) => `${replica.service}=${replica.url}`)
      .join(',');
  }
  // The development profile: the flows of a person at this machine call services on this machine.
  if (service === 'executor') own['EASYFLOW_EGRESS_ALLOW_LOOPBACK'] = 'true';
  return {
    service,
    entry: resolve(`@easyflow/${service}/main`),
    imports: [resolve('@easyflow/platform-telemetry/register')],
    url: `http://127.0.0.1:${port}`,
    logFile: path.join(installation.dataDir, 'logs', `${service}-${replica}.log`),
    env: {
      ...own,
      ...installation.inherited,
      OTEL_SERVICE_NAME: service,
      UV_THREADPOOL_SIZE: '32',
      EASYFLOW_HTTP_HOST: '127.0.0.1',
      EASYFLOW_HTTP_PORT: String(port),
      EASYFLOW_DATABASE_HOST: database.host,
      EASYFLOW_DATABASE_PORT: String(database.port),
      EASYFLOW_DATABASE_NAME: database.name,
      EASYFLOW_IDENTITY_KEY_FILE: keys.files.identities[service],
      ...passwords,
    },
  };
}
