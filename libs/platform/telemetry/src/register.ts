// Loaded before everything else: node --import @easyflow/platform-telemetry/register main.js
// (--require would come too late for libraries that are ES modules, and lose their spans).
import { readTelemetryConfig } from '@easyflow/platform-config';
import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';

const { endpoint, serviceName } = readTelemetryConfig();

if (endpoint !== undefined) {
  register('@opentelemetry/instrumentation/hook.mjs', pathToFileURL(__filename));
  // Loaded only here: without an endpoint the SDK's 300 ms and 40 MB are not spent.
  const load = createRequire(__filename);
  const { startTelemetry } = load('./start-telemetry') as typeof import('./start-telemetry');
  startTelemetry(serviceName);
}
