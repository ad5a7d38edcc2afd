import type { UndiciRequest } from '@opentelemetry/instrumentation-undici';
import type { Attributes } from '@opentelemetry/api';
import { currentTraceId, parseTraceparent } from './trace-context';

const NAME = 'traceparent';

/** Whether the request names a trace other than the current one: a flow may set its own, which is left alone. */
export function hasForeignTrace(request: UndiciRequest): boolean {
  const given = traceparentOf(request);
  return given !== undefined && parseTraceparent(given)?.traceId !== currentTraceId();
}

/** The instrumentation adds its span's `traceparent` beside one that is there; only one may be sent. */
export function leaveOneTraceparent(request: UndiciRequest): void {
  const { headers } = request;
  if (!Array.isArray(headers)) return;
  for (let at = headers.length - 2; at >= 0; at -= 2) {
    if (String(headers[at]).toLowerCase() === NAME) headers.splice(at, 2);
  }
}

/** Queries carry tenants' data and tokens; a span names the resource only. */
export function urlWithoutQuery(request: UndiciRequest): Attributes {
  const { origin, pathname } = new URL(request.path, request.origin);
  return { 'url.full': origin + pathname, 'url.query': '' };
}

function traceparentOf({ headers }: UndiciRequest): string | undefined {
  if (!Array.isArray(headers)) return undefined;
  const at = headers.findIndex(
    (name, index) => index % 2 === 0 && String(name).toLowerCase() === NAME,
  );
  return at === -1 ? undefined : String(headers[at + 1]);
}
