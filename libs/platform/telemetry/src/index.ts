export { inSpan } from './in-span';
export { currentLogContext, withLogContext, type LogContext } from './log-context';
export { logger, type Logger, type LoggerOptions } from './logger';
export { shutdownTelemetry } from './shutdown';
export {
  currentTraceId,
  currentTraceparent,
  newTraceparent,
  parseTraceparent,
  tracer,
  withTraceparent,
} from './trace-context';
