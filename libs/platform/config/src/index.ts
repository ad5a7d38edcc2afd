export { commandVariables } from './command-variables';
export { CLIENT_VARIABLES, readClientVariables } from './client-variables';
export { ConfigError, type ConfigProblem } from './config-error';
export { roleProcesses, ROLES_OF, type DatabaseRole } from './database-variables';
export type { Environment } from './read-variables';
export type {
  AnalyticsConfig,
  CommonConfig,
  ConfigOf,
  DatabaseConfig,
  DefaultLimits,
  EgressConfig,
  EmbeddedConfig,
  ExecutorConfig,
  ExecutorConfigSection,
  FlowRegistryConfig,
  GatewayConfig,
  HttpSettings,
  IssuerConfig,
  KafkaConfig,
  LocalServicesConfig,
  MessagingConfig,
  MigrationsConfig,
  Prices,
  SchedulerConfig,
} from './config-types';
export { configurationDocument } from './configuration-document';
export { readConfig } from './service-config';
export { readTelemetryConfig, type TelemetryConfig } from './telemetry-config';
export { PROGRAMS, type Program, type Variable } from './variable';
export { variables, type VariableName } from './variables';
