import { MESSAGE_HEADERS } from '@easyflow/contracts-events';
import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Span,
} from '@opentelemetry/api';
import { currentTraceparent, parseTraceparent, tracer } from '@easyflow/platform-telemetry';
import { messagesSent, sentType } from './messaging-metrics';
import type { BatchHandler, IncomingRecord, OutgoingRecord } from './transport';

const messaging = tracer('@easyflow/platform-messaging');

/*
 * The spans of sending and receiving are made here, for both adapters alike. OpenTelemetry's own kafkajs
 * instrumentation begins a new trace for each batch and only links to the senders, so one execution would not
 * be one trace.
 */

/** Sends inside one producer span a record, and counts what was sent; the records carry its context, or the one they already had. */
export async function sendTraced<T>(
  system: string,
  records: readonly OutgoingRecord[],
  send: (records: readonly OutgoingRecord[]) => Promise<T>,
): Promise<T> {
  const spans: Span[] = [];
  const traced = records.map((record) => {
    const parent = record.headers[MESSAGE_HEADERS.traceparent] ?? currentTraceparent();
    const span = spanFor(
      `send ${record.topic}`,
      SpanKind.PRODUCER,
      parent,
      attributes(system, record),
    );
    if (span) spans.push(span);
    const traceparent = span ? traceparentOf(span) : parent;
    if (traceparent === undefined) return record;
    return {
      ...record,
      headers: { ...record.headers, [MESSAGE_HEADERS.traceparent]: traceparent },
    };
  });
  const sent = await endWith(spans, () => send(traced));
  messagesSent.addEach('easyflow.message.type', records.map(sentType));
  return sent;
}

/**
 * A handler that sees each record inside a consumer span: the record's `traceparent` names that span, so what
 * is done in it hangs below the receipt.
 */
export function receiveTraced(system: string, onBatch: BatchHandler): BatchHandler {
  return async (records) => {
    const spans: Span[] = [];
    const traced = records.map((record): IncomingRecord => {
      const parent = record.headers[MESSAGE_HEADERS.traceparent];
      if (parent === undefined) return record;
      const span = spanFor(`receive ${record.topic}`, SpanKind.CONSUMER, parent, {
        ...attributes(system, record),
        'messaging.destination.partition.id': String(record.partition),
        'messaging.kafka.offset': record.offset,
      });
      if (!span) return record;
      spans.push(span);
      return {
        ...record,
        headers: { ...record.headers, [MESSAGE_HEADERS.traceparent]: traceparentOf(span) },
      };
    });
    await endWith(spans, () => onBatch(traced));
  };
}

/** A recording span below the given parent; undefined when nothing records, which is the usual case. */
function spanFor(
  name: string,
  kind: SpanKind,
  traceparent: string | undefined,
  spanAttributes: Attributes,
): Span | undefined {
  const parent = parseTraceparent(traceparent);
  if (!parent || !(parent.traceFlags & TraceFlags.SAMPLED)) return undefined;
  const span = messaging.startSpan(
    name,
    { kind, attributes: spanAttributes },
    trace.setSpanContext(context.active(), parent),
  );
  return span.isRecording() ? span : undefined;
}

async function endWith<T>(spans: readonly Span[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    for (const span of spans) span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}

function attributes(system: string, record: OutgoingRecord): Attributes {
  return { 'messaging.system': system, 'messaging.destination.name': record.topic };
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
