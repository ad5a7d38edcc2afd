import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { fieldsOf, textOf, type WireField } from './protobuf-wire';

/** A span as a test looks at it. */
export interface ReceivedSpan {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  /** Empty at the root. */
  parentSpanId: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  scope: string;
  attributes: Record<string, string | number | boolean>;
}

/** A receiver of OpenTelemetry's protocol over HTTP (protobuf), for tests: keeps the spans, and how metrics are named. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** The metrics that were received, with the names of the attributes of their measurements. */
  readonly metrics = new Map<string, Set<string>>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<OtlpReceiver> {
    const server = createServer();
    const receiver = new OtlpReceiver(server);
    server.on('request', (request, response) => {
      receiver.take(request).then(
        () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(),
        (error: unknown) => response.writeHead(400).end(String(error)),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  trace(traceId: string): ReceivedSpan[] {
    return this.spans.filter((span) => span.traceId === traceId);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async take(request: IncomingMessage): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const raw = Buffer.concat(parts);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    if (request.url?.endsWith('/v1/traces')) this.spans.push(...spansOf(body));
    else if (request.url?.endsWith('/v1/metrics')) {
      for (const [name, attributes] of metricsOf(body)) {
        const known = this.metrics.get(name) ?? [];
        this.metrics.set(name, new Set([...known, ...attributes]));
      }
    }
  }
}

// Field numbers: opentelemetry-proto v1, trace/v1/trace.proto, metrics/v1/metrics.proto and common/v1/common.proto.

function metricsOf(request: Buffer): [name: string, attributes: Set<string>][] {
  return messages(fieldsOf(request), 1)
    .flatMap((resourceMetrics) => messages(resourceMetrics, 2))
    .flatMap((scopeMetrics) => messages(scopeMetrics, 2))
    .map((metric) => {
      const pointsOf = (data: number) =>
        messages(metric, data).flatMap((found) => messages(found, 1));
      // A gauge, a sum, a histogram; the attributes of a histogram's point have another number.
      const attributes = [
        ...[...pointsOf(5), ...pointsOf(7)].map((point) => attributesOf(point, 7)),
        ...pointsOf(9).map((point) => attributesOf(point, 9)),
      ];
      return [text(metric, 1), new Set(attributes.flatMap((each) => Object.keys(each)))];
    });
}

function spansOf(request: Buffer): ReceivedSpan[] {
  return messages(fieldsOf(request), 1).flatMap((resourceSpans) => {
    const resource = messages(resourceSpans, 1).map((each) => attributesOf(each, 1))[0];
    const service = String(resource?.['service.name'] ?? '');
    return messages(resourceSpans, 2).flatMap((scopeSpans) => {
      const scope = text(messages(scopeSpans, 1)[0] ?? [], 1);
      return messages(scopeSpans, 2).map((span) => ({
        service,
        scope,
        traceId: hex(span, 1),
        spanId: hex(span, 2),
        parentSpanId: hex(span, 4),
        name: text(span, 5),
        kind: Number(span.find(({ field }) => field === 6)?.value ?? 0),
        attributes: attributesOf(span, 9),
      }));
    });
  });
}

function attributesOf(fields: readonly WireField[], field: number): ReceivedSpan['attributes'] {
  return Object.fromEntries(
    messages(fields, field).map((pair) => [text(pair, 1), anyValue(messages(pair, 2)[0] ?? [])]),
  );
}

function anyValue(fields: readonly WireField[]): string | number | boolean {
  const [first] = fields;
  if (!first) return '';
  if (first.field === 1) return textOf(first);
  if (first.field === 2) return first.value === 1n;
  return typeof first.value === 'bigint' ? Number(first.value) : textOf(first);
}

function messages(fields: readonly WireField[], field: number): WireField[][] {
  return fields
    .filter((each) => each.field === field)
    .map(({ value }) => fieldsOf(value as Buffer));
}

function text(fields: readonly WireField[], field: number): string {
  const found = fields.find((each) => each.field === field);
  return found ? textOf(found) : '';
}

function hex(fields: readonly WireField[], field: number): string {
  const found = fields.find((each) => each.field === field)?.value;
  return Buffer.isBuffer(found) ? found.toString('hex') : '';
}
