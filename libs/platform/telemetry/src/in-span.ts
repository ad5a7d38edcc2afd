import { SpanKind, SpanStatusCode, type Attributes } from '@opentelemetry/api';
import { tracer } from './trace-context';

/**
 * Runs `work` inside a span of its own below the current one; a rejection marks it and passes on. Attributes
 * name things (ids, counts), never payloads. Without an SDK it only runs `work`.
 */
export function inSpan<T>(
  name: string,
  work: () => Promise<T>,
  options: { attributes?: Attributes; kind?: SpanKind } = {},
): Promise<T> {
  const { attributes = {}, kind = SpanKind.INTERNAL } = options;
  return tracer('easyflow').startActiveSpan(name, { attributes, kind }, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}
