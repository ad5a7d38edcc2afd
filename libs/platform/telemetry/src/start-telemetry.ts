import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { metrics, NodeSDK, resources } from '@opentelemetry/sdk-node';
import { setShutdown } from './shutdown';
import { hasForeignTrace, leaveOneTraceparent, urlWithoutQuery } from './undici-hooks';

const UNTRACED = new Set(['/healthz', '/readyz']);

/**
 * Starts the SDK: spans of the HTTP server, of outgoing HTTP and of SQL, sent by OTLP over HTTP to the endpoint
 * of OpenTelemetry's own variables. Must run before those libraries are loaded. Messages get their spans from
 * the transport itself.
 */
export function startTelemetry(serviceName: string): void {
  const sdk = new NodeSDK({
    serviceName,
    // Of the standard detectors only this one: the others add the command line and the host's addresses.
    resourceDetectors: [resources.envDetector],
    traceExporter: new OTLPTraceExporter(),
    metricReaders: [
      new metrics.PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() }),
    ],
    // The flows of tenants choose the hosts: they would be tenants' words in metrics, and as many as they like.
    views: [
      {
        instrumentName: 'http.client.request.duration',
        attributesProcessors: [
          metrics.createDenyListAttributesProcessor(['server.address', 'server.port']),
        ],
      },
    ],
    logRecordProcessors: [],
    instrumentations: [
      new HttpInstrumentation({
        ignoreIncomingRequestHook: ({ url }) => UNTRACED.has(url ?? ''),
        // Outgoing calls are made with undici.
        disableOutgoingRequestInstrumentation: true,
      }),
      new UndiciInstrumentation({
        requireParentforSpans: true,
        ignoreRequestHook: hasForeignTrace,
        requestHook: (_span, request) => leaveOneTraceparent(request),
        startSpanHook: urlWithoutQuery,
      }),
      // Polls have no parent, and a span for each of them would bury the rest.
      new PgInstrumentation({ requireParentSpan: true }),
    ],
  });
  sdk.start();
  setShutdown(() => sdk.shutdown());
}
