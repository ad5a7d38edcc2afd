import type { DatabaseRole } from './database-variables';

export interface HttpSettings {
  host: string;
  /** 0 chooses a free one. */
  port: number;
}

/** What the clients of the API may use of a process. */
export interface ClientLimits {
  requestTimeoutMs: number;
  connections: number;
  connectionsPerAddress: number;
}

/** What DatabaseAccess.connect takes. */
export interface DatabaseConfig {
  host: string;
  port: number;
  database: string;
  sslMode: 'disable' | 'require' | 'verify-full';
  /** Whether the connection is encrypted. */
  ssl: boolean;
  /** Only of the roles that the service may use. */
  passwords: Partial<Record<DatabaseRole, string>>;
  statementTimeoutMs: number;
}

export interface KafkaConfig {
  brokers: string[];
  tls: boolean;
}

export interface EgressConfig {
  allowLoopback: boolean;
  allowPrivate: boolean;
}

/** What a tenant may use that was created without limits of its own. */
export interface DefaultLimits {
  requestsPerSecond: number;
  concurrentExecutions?: number;
}

/** US dollars an execution as decimal text, by mode. */
export type Prices = Record<'realtime' | 'balanced' | 'eco', string>;

export interface ExecutorConfigSection {
  /** Executions held at a time. */
  slots: number;
  leaseMs: number;
  pollMs: number;
  threads?: number;
  callsPerTenant: number;
  /** Name lookups that Node runs at a time. */
  nameLookups: number;
  callTimeoutMs: number;
}

/** What every service has. */
export interface CommonConfig {
  logLevel: string;
  http: HttpSettings;
  database: DatabaseConfig;
  /** PKCS #8 PEM of the service's Ed25519 key. */
  identityKeyFile: string;
  drainMs: number;
}

/** What every service but the issuer has. */
export interface MessagingConfig extends CommonConfig {
  kafka: KafkaConfig;
  issuerUrl: string;
  /** Names this replica as owner of leases and receiver of replies. */
  slot: string;
  /** When no slot is named: whom the issuer is asked to give one; `slot` stands until it has. */
  slotHolder?: string;
}

export interface GatewayConfig extends MessagingConfig {
  service: 'gateway';
  /** Health endpoints of the other services, by service. */
  statusUrls: Record<string, string[]>;
  /** Addresses and networks of proxies whose X-Forwarded-For is believed. */
  trustedProxies: string[];
  bodyLimitBytes: number;
  clients: ClientLimits;
  publicUrl?: string;
  redisUrl?: string;
  /** As `parseEcoWindow` of domain/schedule reads it. */
  ecoWindow: string;
}

export interface FlowRegistryConfig extends MessagingConfig {
  service: 'flow-registry';
}

export interface SchedulerConfig extends MessagingConfig {
  service: 'scheduler';
  redisUrl?: string;
  ecoWindow: string;
}

export interface ExecutorConfig extends MessagingConfig {
  service: 'executor';
  redisUrl?: string;
  executor: ExecutorConfigSection;
  egress: EgressConfig;
  ecoWindow: string;
}

export interface AnalyticsConfig extends MessagingConfig {
  service: 'analytics';
  prices: Prices;
}

export interface IssuerConfig extends CommonConfig {
  service: 'issuer';
  jwtKeyFile: string;
  workloadsFile: string;
  adminKey: string;
  accessTokenSeconds: number;
  /** How old the key of database tokens may become, milliseconds. */
  tokenKeyMs: number;
  limits: DefaultLimits;
}

/** The one-process shape: what the embedded servers and the services in it are told. */
export interface EmbeddedConfig {
  service: 'embedded';
  logLevel: string;
  http: HttpSettings;
  trustedProxies: string[];
  dataDir: string;
  bodyLimitBytes: number;
  clients: ClientLimits;
  publicUrl?: string;
  drainMs: number;
  accessTokenSeconds: number;
  /** How old the key of database tokens may become, milliseconds. */
  tokenKeyMs: number;
  limits: DefaultLimits;
  executor: ExecutorConfigSection;
  egress: EgressConfig;
  ecoWindow: string;
  prices: Prices;
}

/** The full shape on one machine. A server without an address is started here. */
export interface LocalServicesConfig {
  service: 'local-services';
  http: HttpSettings;
  dataDir: string;
  kafkaBrokers?: string[];
  redisUrl?: string;
  /** Of a superuser. */
  postgresUrl?: string;
}

export interface MigrationsConfig {
  service: 'migrations';
  logLevel: string;
  databaseUrl: string;
  profile: 'baseline' | 'hardened';
  /** Roles without one keep the password they have. */
  rolePasswords: Partial<Record<DatabaseRole, string>>;
  /** Most processes that hold each role's password at a time. */
  processes?: Record<DatabaseRole, number>;
}

/** The configuration of each program. */
export interface ConfigOf {
  gateway: GatewayConfig;
  'flow-registry': FlowRegistryConfig;
  scheduler: SchedulerConfig;
  executor: ExecutorConfig;
  analytics: AnalyticsConfig;
  issuer: IssuerConfig;
  embedded: EmbeddedConfig;
  migrations: MigrationsConfig;
  'local-services': LocalServicesConfig;
}
