import {
  DATABASE_ROLES,
  passwordVariable,
  roleProcesses,
  ROLES_OF,
  type DatabaseRole,
} from './database-variables';
import type {
  ClientLimits,
  CommonConfig,
  ConfigOf,
  DefaultLimits,
  EgressConfig,
  ExecutorConfigSection,
  HttpSettings,
  MessagingConfig,
  Prices,
} from './config-types';
import { readVariables, type Environment, type Values } from './read-variables';
import type { VariableName } from './variables';

const read: { [P in keyof ConfigOf]: (environment: Environment) => ConfigOf[P] } = {
  gateway: (environment) => {
    const values = readVariables('gateway', environment);
    return {
      ...messaging('gateway', values, environment),
      service: 'gateway',
      bodyLimitBytes: have(values, 'EASYFLOW_HTTP_BODY_LIMIT_BYTES'),
      clients: clients(values),
      ...optional('publicUrl', values.EASYFLOW_PUBLIC_URL),
      ...optional('redisUrl', values.EASYFLOW_REDIS_URL),
      trustedProxies: have(values, 'EASYFLOW_HTTP_TRUSTED_PROXIES'),
      statusUrls: have(values, 'EASYFLOW_STATUS_URLS'),
      ecoWindow: ecoWindow(values),
    };
  },
  'flow-registry': (environment) => {
    const values = readVariables('flow-registry', environment);
    return { ...messaging('flow-registry', values, environment), service: 'flow-registry' };
  },
  scheduler: (environment) => {
    const values = readVariables('scheduler', environment);
    return {
      ...messaging('scheduler', values, environment),
      service: 'scheduler',
      ...optional('redisUrl', values.EASYFLOW_REDIS_URL),
      ecoWindow: ecoWindow(values),
    };
  },
  executor: (environment) => {
    const values = readVariables('executor', environment);
    return {
      ...messaging('executor', values, environment),
      service: 'executor',
      ...optional('redisUrl', values.EASYFLOW_REDIS_URL),
      executor: executor(values, environment),
      egress: egress(values),
      ecoWindow: ecoWindow(values),
    };
  },
  analytics: (environment) => {
    const values = readVariables('analytics', environment);
    return {
      ...messaging('analytics', values, environment),
      service: 'analytics',
      prices: prices(values),
    };
  },
  issuer: (environment) => {
    const values = readVariables('issuer', environment);
    return {
      ...common('issuer', values),
      service: 'issuer',
      jwtKeyFile: have(values, 'EASYFLOW_ISSUER_JWT_KEY_FILE'),
      workloadsFile: have(values, 'EASYFLOW_ISSUER_WORKLOADS_FILE'),
      adminKey: have(values, 'EASYFLOW_ISSUER_ADMIN_KEY'),
      accessTokenSeconds: have(values, 'EASYFLOW_ISSUER_ACCESS_TOKEN_SECONDS'),
      tokenKeyMs: tokenKeyMs(values),
      limits: limits(values),
    };
  },
  embedded: (environment) => {
    const values = readVariables('embedded', environment, {
      defaults: { EASYFLOW_HTTP_HOST: '127.0.0.1', EASYFLOW_EGRESS_ALLOW_LOOPBACK: 'true' },
    });
    return {
      service: 'embedded',
      logLevel: have(values, 'EASYFLOW_LOG_LEVEL'),
      http: http(values),
      trustedProxies: have(values, 'EASYFLOW_HTTP_TRUSTED_PROXIES'),
      dataDir: have(values, 'EASYFLOW_DATA_DIR'),
      bodyLimitBytes: have(values, 'EASYFLOW_HTTP_BODY_LIMIT_BYTES'),
      clients: clients(values),
      ...optional('publicUrl', values.EASYFLOW_PUBLIC_URL),
      drainMs: drainMs(values),
      accessTokenSeconds: have(values, 'EASYFLOW_ISSUER_ACCESS_TOKEN_SECONDS'),
      tokenKeyMs: tokenKeyMs(values),
      limits: limits(values),
      executor: executor(values, environment),
      egress: egress(values),
      ecoWindow: ecoWindow(values),
      prices: prices(values),
    };
  },
  'local-services': (environment) => {
    const values = readVariables('local-services', environment, {
      defaults: { EASYFLOW_HTTP_HOST: '127.0.0.1', EASYFLOW_DATA_DIR: '.easyflow/services' },
      optional: ['EASYFLOW_KAFKA_BROKERS'],
    });
    return {
      service: 'local-services',
      http: http(values),
      dataDir: have(values, 'EASYFLOW_DATA_DIR'),
      ...optional('kafkaBrokers', values.EASYFLOW_KAFKA_BROKERS),
      ...optional('redisUrl', values.EASYFLOW_REDIS_URL),
      ...optional('postgresUrl', values.EASYFLOW_POSTGRES_URL),
    };
  },
  migrations: (environment) => {
    const values = readVariables('migrations', environment, {
      optional: DATABASE_ROLES.map(passwordVariable),
    });
    const replicas = values.EASYFLOW_MIGRATIONS_REPLICAS;
    return {
      service: 'migrations',
      logLevel: have(values, 'EASYFLOW_LOG_LEVEL'),
      databaseUrl: underTls(
        have(values, 'EASYFLOW_MIGRATIONS_DATABASE_URL'),
        have(values, 'EASYFLOW_DATABASE_SSL_MODE'),
      ),
      profile: have(values, 'EASYFLOW_MIGRATIONS_PROFILE'),
      rolePasswords: passwords(DATABASE_ROLES, values),
      ...optional('processes', replicas && roleProcesses(replicas)),
    };
  },
};

/** The URL with the mode of TLS, unless it names one itself. */
function underTls(databaseUrl: string, mode: string): string {
  const url = new URL(databaseUrl);
  if (url.searchParams.has('sslmode')) return databaseUrl;
  url.searchParams.set('sslmode', mode);
  return url.href;
}

/**
 * The configuration of one program.
 * @throws ConfigError with every problem of the environment at once
 */
export function readConfig<P extends keyof ConfigOf>(
  program: P,
  environment: Environment = process.env,
): ConfigOf[P] {
  return read[program](environment);
}

function messaging(
  service: keyof typeof ROLES_OF,
  values: Values,
  environment: Environment,
): MessagingConfig {
  return {
    ...common(service, values),
    kafka: {
      brokers: have(values, 'EASYFLOW_KAFKA_BROKERS'),
      tls: have(values, 'EASYFLOW_KAFKA_TLS'),
    },
    issuerUrl: have(values, 'EASYFLOW_ISSUER_URL'),
    slot: values.EASYFLOW_SLOT ?? environment['EASYFLOW_POD_NAME'] ?? '0',
    ...optional(
      'slotHolder',
      values.EASYFLOW_SLOT === undefined ? environment['EASYFLOW_POD_NAME'] : undefined,
    ),
  };
}

function common(service: keyof typeof ROLES_OF, values: Values): CommonConfig {
  const sslMode = have(values, 'EASYFLOW_DATABASE_SSL_MODE');
  return {
    logLevel: have(values, 'EASYFLOW_LOG_LEVEL'),
    http: http(values),
    identityKeyFile: have(values, 'EASYFLOW_IDENTITY_KEY_FILE'),
    drainMs: drainMs(values),
    database: {
      host: have(values, 'EASYFLOW_DATABASE_HOST'),
      port: have(values, 'EASYFLOW_DATABASE_PORT'),
      database: have(values, 'EASYFLOW_DATABASE_NAME'),
      sslMode,
      ssl: sslMode !== 'disable',
      passwords: passwords(ROLES_OF[service], values),
      statementTimeoutMs: have(values, 'EASYFLOW_DATABASE_STATEMENT_TIMEOUT_MS'),
    },
  };
}

function passwords(
  roles: readonly DatabaseRole[],
  values: Values,
): Partial<Record<DatabaseRole, string>> {
  const known: Partial<Record<DatabaseRole, string>> = {};
  for (const role of roles) {
    const password = values[passwordVariable(role)];
    if (password !== undefined) known[role] = password;
  }
  return known;
}

function http(values: Values): HttpSettings {
  return { host: have(values, 'EASYFLOW_HTTP_HOST'), port: have(values, 'EASYFLOW_HTTP_PORT') };
}

function clients(values: Values): ClientLimits {
  return {
    requestTimeoutMs: have(values, 'EASYFLOW_HTTP_REQUEST_TIMEOUT_MS'),
    connections: have(values, 'EASYFLOW_HTTP_MAX_CONNECTIONS'),
    connectionsPerAddress: have(values, 'EASYFLOW_HTTP_MAX_CONNECTIONS_PER_ADDRESS'),
  };
}

function drainMs(values: Values): number {
  return have(values, 'EASYFLOW_SHUTDOWN_DRAIN_SECONDS') * 1000;
}

function tokenKeyMs(values: Values): number {
  return have(values, 'EASYFLOW_ISSUER_TOKEN_KEY_HOURS') * 3_600_000;
}

/** libuv runs name lookups on half of its threads, of which there are four unless its own variable says otherwise. */
function nameLookups(environment: Environment): number {
  const threads = Number(environment['UV_THREADPOOL_SIZE'] ?? 4);
  return Number.isInteger(threads) && threads > 0 ? Math.ceil(Math.min(threads, 1_024) / 2) : 2;
}

function executor(values: Values, environment: Environment): ExecutorConfigSection {
  return {
    slots: have(values, 'EASYFLOW_EXECUTOR_SLOTS'),
    leaseMs: have(values, 'EASYFLOW_EXECUTOR_LEASE_MS'),
    pollMs: have(values, 'EASYFLOW_EXECUTOR_POLL_MS'),
    ...(values.EASYFLOW_EXECUTOR_THREADS === undefined
      ? {}
      : { threads: values.EASYFLOW_EXECUTOR_THREADS }),
    callsPerTenant: have(values, 'EASYFLOW_EXECUTOR_CALLS_PER_TENANT'),
    nameLookups: nameLookups(environment),
    callTimeoutMs: have(values, 'EASYFLOW_EXECUTOR_CALL_TIMEOUT_SECONDS') * 1_000,
  };
}

function egress(values: Values): EgressConfig {
  return {
    allowLoopback: have(values, 'EASYFLOW_EGRESS_ALLOW_LOOPBACK'),
    allowPrivate: have(values, 'EASYFLOW_EGRESS_ALLOW_PRIVATE'),
  };
}

function limits(values: Values): DefaultLimits {
  return {
    requestsPerSecond: have(values, 'EASYFLOW_LIMIT_REQUESTS_PER_SECOND'),
    ...optional('concurrentExecutions', values.EASYFLOW_LIMIT_CONCURRENT_EXECUTIONS),
  };
}

function ecoWindow(values: Values): string {
  const window = have(values, 'EASYFLOW_ECO_WINDOW');
  return window === 'always' ? window : `${window} ${have(values, 'EASYFLOW_ECO_TIMEZONE')}`;
}

function prices(values: Values): Prices {
  return {
    realtime: have(values, 'EASYFLOW_PRICE_REALTIME'),
    balanced: have(values, 'EASYFLOW_PRICE_BALANCED'),
    eco: have(values, 'EASYFLOW_PRICE_ECO'),
  };
}

/** A value that `readVariables` has made sure of for this program. */
function have<N extends VariableName>(values: Values, name: N): NonNullable<Values[N]> {
  const value = values[name];
  if (value === undefined || value === null) {
    throw new TypeError(`${name} is read here, but its entry in variables.ts does not say so`);
  }
  return value;
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, V>>);
}
