import { currentTraceId, parseTraceparent } from '@easyflow/platform-telemetry';
import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The trace of the request: the running span's, else the caller's, else a new id to search the logs by. */
export function traceIdOf(headers: IncomingHttpHeaders): string {
  const { traceparent } = headers;
  const theirs = typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined;
  return currentTraceId() ?? theirs?.traceId ?? randomBytes(16).toString('hex');
}
