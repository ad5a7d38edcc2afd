import {
  problemKind,
  problemKinds,
  problemType,
  type Problem,
  type ProblemCode,
} from '@easyflow/contracts-http';
import { OperationalError, UserError, type ErrorPlace } from '@easyflow/kernel-errors';

/** An error as it goes over the wire. */
export interface ProblemAnswer {
  status: number;
  headers: Record<string, string>;
  problem: Problem;
  /** Whether someone should look: the program did not foresee this. */
  unexpected: boolean;
}

/** What an HTTP framework throws for requests it refuses by itself. */
interface FrameworkError {
  code?: unknown;
  statusCode?: unknown;
  status?: unknown;
}

const frameworkCodes: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body.too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'body.unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'body.malformed',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request.malformed',
  FST_ERR_BAD_URL: 'request.malformed',
};

const statusCodes: Readonly<Record<number, ProblemCode>> = {
  401: 'auth.invalid_credentials',
  403: 'auth.forbidden',
  404: 'route.unknown',
  413: 'body.too_large',
  415: 'body.unsupported_media_type',
  503: 'service.unavailable',
};

/** The longest that a client is told to stay away: a tenant may have a rate whose next request is years ahead. */
const LONGEST_RETRY_SECONDS = 86_400;

/** Details may repeat names of the request, which may be as long as a body. */
const LONGEST_DETAIL = 2_000;

function bounded(detail: string): string {
  return detail.length > LONGEST_DETAIL
    ? `${detail.slice(0, LONGEST_DETAIL - 2).toWellFormed()}…`
    : detail;
}

/** `Retry-After` (RFC 9110, 10.2.3): whole seconds, in digits. */
function retryAfter(seconds: number): string {
  return String(Math.min(Math.max(1, Math.ceil(seconds)), LONGEST_RETRY_SECONDS));
}

/**
 * RFC 9457 for any error. What a user may know is in UserError; of every other error only the kind is told, so
 * no stack, SQL or address of ours leaves the process.
 */
export function problemAnswer(error: unknown, traceId: string): ProblemAnswer {
  if (error instanceof UserError) return ofUserError(error, traceId);
  if (error instanceof OperationalError) {
    const code = publicCode(error.code, 'service.unavailable');
    return answer(code, problemKinds[code].remedy, traceId, {
      headers: { 'retry-after': retryAfter(error.retryAfterSeconds) },
    });
  }
  const code = frameworkProblem(error);
  return answer(code, problemKinds[code].remedy, traceId, { unexpected: code === 'internal' });
}

function ofUserError(error: UserError, traceId: string): ProblemAnswer {
  const headers: Record<string, string> = {};
  if (error.status === 401) headers['www-authenticate'] = 'Bearer';
  if (error.retryAfterSeconds !== undefined) {
    headers['retry-after'] = retryAfter(error.retryAfterSeconds);
  }
  return answer(error.code, error.message, traceId, {
    headers,
    status: error.status,
    errors: error.errors,
  });
}

function publicCode(code: string, otherwise: ProblemCode): ProblemCode {
  return problemKind(code) ? (code as ProblemCode) : otherwise;
}

function frameworkProblem(error: unknown): ProblemCode {
  if (typeof error !== 'object' || error === null) return 'internal';
  const { code, statusCode, status } = error as FrameworkError;
  const known = typeof code === 'string' ? frameworkCodes[code] : undefined;
  if (known) return known;
  const number = typeof statusCode === 'number' ? statusCode : status;
  if (typeof number !== 'number') return 'internal';
  return statusCodes[number] ?? (number >= 400 && number < 500 ? 'request.malformed' : 'internal');
}

function answer(
  code: string,
  detail: string,
  traceId: string,
  options: {
    status?: number;
    headers?: Record<string, string>;
    errors?: readonly ErrorPlace[] | undefined;
    unexpected?: boolean;
  },
): ProblemAnswer {
  const kind = problemKind(code);
  const status = options.status ?? kind?.status ?? 500;
  return {
    status,
    headers: options.headers ?? {},
    unexpected: options.unexpected ?? false,
    problem: {
      type: problemType(code),
      title: kind?.title ?? 'Request refused',
      status,
      code,
      detail: bounded(detail),
      traceId,
      ...(options.errors ? { errors: [...options.errors] } : {}),
    },
  };
}
