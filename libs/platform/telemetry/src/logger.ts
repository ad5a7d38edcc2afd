import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { BoundedOutput } from './bounded-output';
import { currentLogContext } from './log-context';
import { currentTraceId } from './trace-context';

/** A pino logger: JSON lines, `logger.info({ fields }, 'message')`. */
export type Logger = PinoLogger;

export interface LoggerOptions {
  /** Default `info`. */
  level?: string;
  /** Default: standard output. */
  destination?: DestinationStream;
}

const SECRET_NAMES = [
  'password',
  'passwords',
  'secret',
  'token',
  'tokens',
  'accessToken',
  'apiKey',
  'adminKey',
  'authorization',
  'Authorization',
  'cookie',
  'delegation',
  'credential',
  'privateKey',
  'databaseUrl',
  'redisUrl',
];

/** Payloads of tenants: they belong in the database under row-level security, not in a log. */
const PAYLOAD_NAMES = ['input', 'output', 'body', 'payload', 'value', 'document'];

/**
 * The service's logger. Lines carry `service`, and from the unit of work `tenantId`, `executionId` and
 * `traceId`. Secrets and payloads are cut out by name, at the top and one level below; never log them under
 * other names.
 */
export function logger(service: string, options: LoggerOptions = {}): Logger {
  return pino(
    {
      level: options.level ?? 'info',
      base: { service },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: contextFields,
      redact: {
        paths: [...SECRET_NAMES, ...PAYLOAD_NAMES].flatMap((name) => [name, `*.${name}`]),
        censor: '[redacted]',
      },
      serializers: { error: errorFields, err: errorFields },
    },
    options.destination ?? standardOutput(),
  );
}

let output: BoundedOutput | undefined;

/** One for all loggers of the process, so that lines come in their order. */
function standardOutput(): BoundedOutput {
  const noteOf = (dropped: number): string => {
    const time = new Date().toISOString();
    return `${JSON.stringify({ level: 'warn', time, dropped, message: 'log lines were dropped' })}\n`;
  };
  output ??= new BoundedOutput(1, { noteOf });
  return output;
}

function contextFields(): object {
  const traceId = currentTraceId();
  return traceId === undefined ? currentLogContext() : { ...currentLogContext(), traceId };
}

/** Causes of a cause that are told: a chain may lead back to itself. */
const MOST_CAUSES = 5;

/**
 * Only what our errors are known to hold: foreign errors may carry parameters, queries or whole responses. One stack a
 * line, that of the error itself: with a database down each request would else write two of nearly equal frames.
 */
function errorFields(error: unknown): unknown {
  return error instanceof Error ? { ...told(error, 0), stack: error.stack } : told(error, 0);
}

function told(error: unknown, depth: number): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const code: unknown = 'code' in error ? error.code : undefined;
  const hasCause = error.cause !== undefined && depth < MOST_CAUSES;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(hasCause ? { cause: told(error.cause, depth + 1) } : {}),
  };
}
