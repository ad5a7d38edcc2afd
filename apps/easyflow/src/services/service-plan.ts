import path from 'node:path';
import type { Role, RolePasswords } from '@easyflow/platform-database';
import type { ServiceName } from '@easyflow/tenant-context';
import type { ServiceCommand } from './service-process';

/** The database roles whose passwords each service gets; it gets no others. */
const rolesOf: Readonly<Record<ServiceName, readonly Role[]>> = {
  gateway: ['ef_api', 'ef_writer'],
  'flow-registry': ['ef_registry'],
  scheduler: ['ef_claim', 'ef_scheduler', 'ef_writer'],
  executor: ['ef_claim', 'ef_worker', 'ef_writer'],
  analytics: ['ef_claim', 'ef_analytics'],
  issuer: ['ef_issuer'],
};

/** Everything of this installation that services are told. */
export interface Installation {
  dataDir: string;
  database: { host: string; port: number; name: string };
  rolePasswords: RolePasswords;
  kafka: readonly string[];
  redis: string;
  issuerUrl: string;
  keys: {
    adminKey: string;
    jwtKeyFile: string;
    workloadsFile: string;
    identityKeyFiles: Readonly<Record<ServiceName, string>>;
  };
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
  const passwords = rolesOf[service].map((role) => [
    `EASYFLOW_DATABASE_PASSWORD_${role.toUpperCase()}`,
    installation.rolePasswords[role] ?? '',
  ]);
  const own: Record<string, string> =
    service === 'issuer'
      ? {
          EASYFLOW_ISSUER_JWT_KEY_FILE: keys.jwtKeyFile,
          EASYFLOW_ISSUER_WORKLOADS_FILE: keys.workloadsFile,
          EASYFLOW_ISSUER_ADMIN_KEY: keys.adminKey,
        }
      : {
          EASYFLOW_KAFKA_BROKERS: installation.kafka.join(','),
          EASYFLOW_ISSUER_URL: installation.issuerUrl,
          EASYFLOW_SLOT: String(replica),
        };
  if (service === 'gateway') own['EASYFLOW_REDIS_URL'] = installation.redis;
  // The development profile: the flows of a person at this machine call services on this machine.
  if (service === 'executor') own['EASYFLOW_EGRESS_ALLOW_LOOPBACK'] = 'true';
  return {
    service,
    entry: require.resolve(`@easyflow/${service}/main`),
    imports: [require.resolve('@easyflow/platform-telemetry/register')],
    url: `http://127.0.0.1:${port}`,
    logFile: path.join(installation.dataDir, 'logs', `${service}-${replica}.log`),
    env: {
      ...own,
      ...installation.inherited,
      OTEL_SERVICE_NAME: service,
      EASYFLOW_HTTP_HOST: '127.0.0.1',
      EASYFLOW_HTTP_PORT: String(port),
      EASYFLOW_DATABASE_HOST: database.host,
      EASYFLOW_DATABASE_PORT: String(database.port),
      EASYFLOW_DATABASE_NAME: database.name,
      EASYFLOW_IDENTITY_KEY_FILE: keys.identityKeyFiles[service],
      ...Object.fromEntries(passwords),
    },
  };
}
