export { currentLogContext, withLogContext, type LogContext } from './log-context';
export { logger, type Logger, type LoggerOptions } from './logger';
export {
  currentTraceId,
  currentTraceparent,
  newTraceparent,
  parseTraceparent,
  tracer,
  withTraceparent,
} from './trace-context';
