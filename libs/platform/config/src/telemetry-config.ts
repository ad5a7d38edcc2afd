import type { Environment } from './read-variables';

/**
 * Whether traces and metrics are exported. The names and further settings (`OTEL_SERVICE_NAME`,
 * `OTEL_TRACES_SAMPLER`, …) are OpenTelemetry's own, which its SDK reads by itself:
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export interface TelemetryConfig {
  /** OTLP over HTTP; undefined turns the SDK off. */
  endpoint?: string;
  serviceName: string;
}

export function readTelemetryConfig(environment: Environment = process.env): TelemetryConfig {
  const endpoint =
    environment['OTEL_EXPORTER_OTLP_ENDPOINT'] ||
    environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ||
    undefined;
  const off = environment['OTEL_SDK_DISABLED'] === 'true';
  return {
    serviceName: environment['OTEL_SERVICE_NAME'] || 'easyflow',
    ...(endpoint === undefined || off ? {} : { endpoint }),
  };
}
