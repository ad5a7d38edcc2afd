export { BoundedOutput, type BoundedOutputOptions } from './bounded-output';
export { inSpan } from './in-span';
export { currentLogContext, withLogContext, type LogContext } from './log-context';
export { watchLoop } from './loop-hold';
export { logger, type Logger, type LoggerOptions } from './logger';
export {
  counter,
  declaredMetrics,
  gauge,
  histogram,
  type CounterMetric,
  type DeclaredMetric,
  type GaugeMetric,
  type HistogramMetric,
  type MetricDeclaration,
} from './metrics';
export { shutdownTelemetry } from './shutdown';
export {
  currentTraceId,
  currentTraceparent,
  newTraceparent,
  parseTraceparent,
  tracer,
  withTraceparent,
} from './trace-context';
