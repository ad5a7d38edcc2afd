import { tracer, withTraceparent } from '@easyflow/platform-telemetry';
import { SpanStatusCode, type Attributes } from '@opentelemetry/api';

const spans = tracer('@easyflow/executor');

/** The last bit of the flags: https://www.w3.org/TR/trace-context/#sampled-flag */
export function isSampled(traceParent: string | undefined): traceParent is string {
  return traceParent !== undefined && Number.parseInt(traceParent.slice(-1), 16) % 2 === 1;
}

/**
 * Runs work as a span of the trace in which the execution was accepted, however long ago. Executions that are not
 * sampled pay nothing for it.
 */
export function traced<T>(
  traceParent: string | undefined,
  name: string,
  attributes: Attributes,
  work: () => T,
): T {
  if (!isSampled(traceParent)) return work();
  return withTraceparent(traceParent, () =>
    spans.startActiveSpan(name, { attributes }, (span) => {
      const failed = (error: unknown) => {
        span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
        span.end();
      };
      try {
        const result = work();
        if (result instanceof Promise) result.then(() => span.end(), failed);
        else span.end();
        return result;
      } catch (error) {
        failed(error);
        throw error;
      }
    }),
  );
}
