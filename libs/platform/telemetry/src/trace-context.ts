import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  trace,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomFillSync } from 'node:crypto';

/** W3C Trace Context, version 00: https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/**
 * Carries the trace where no OpenTelemetry SDK is loaded: its API keeps no context then, but outgoing calls
 * and problem documents name the trace all the same.
 */
const carried = new AsyncLocalStorage<SpanContext>();

/** Spans of a library or service; without an SDK a no-op that costs nothing to speak of. */
export function tracer(name: string): Tracer {
  return trace.getTracer(name);
}

/** The `traceparent` header value of the current span or of the trace restored here; undefined outside. */
export function currentTraceparent(): string | undefined {
  const span = currentSpanContext();
  if (!span) return undefined;
  const flags = span.traceFlags.toString(16).padStart(2, '0');
  return `00-${span.traceId}-${span.spanId}-${flags}`;
}

/** The 32 hex digits of the current trace; undefined outside of any. */
export function currentTraceId(): string | undefined {
  return currentSpanContext()?.traceId;
}

/** Bytes of a trace id and a span id. */
const ID_BYTES = 24;
/** Drawn 256 ids at a time: two calls of the generator a request were 7 % of the gateway's CPU. */
const random = Buffer.alloc(256 * ID_BYTES);
let drawn = random.length;

/** A header value that begins a new trace, not sampled: for requests that bring none when no SDK is loaded. */
export function newTraceparent(): string {
  if (drawn === random.length) {
    randomFillSync(random);
    drawn = 0;
  }
  const ids = random.toString('hex', drawn, drawn + ID_BYTES);
  drawn += ID_BYTES;
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-00`;
}

/**
 * Runs `work` inside the trace of a header value, also one that was stored long ago. Spans begun inside are
 * its children. A missing or malformed value runs it in no trace, never in the caller's.
 */
export function withTraceparent<T>(traceparent: string | undefined, work: () => T): T {
  const remote = parseTraceparent(traceparent);
  if (!remote) return carried.exit(() => context.with(ROOT_CONTEXT, work));
  return carried.run(remote, () => context.with(trace.setSpanContext(ROOT_CONTEXT, remote), work));
}

/** The span context of a header value; undefined when it is missing or malformed. */
export function parseTraceparent(traceparent: string | undefined): SpanContext | undefined {
  const match = TRACEPARENT.exec(traceparent ?? '');
  if (!match) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = match;
  const parsed = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(parsed) ? parsed : undefined;
}

function currentSpanContext(): SpanContext | undefined {
  const span = trace.getSpanContext(context.active());
  return span && isSpanContextValid(span) ? span : carried.getStore();
}
