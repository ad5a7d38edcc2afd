import {
  controlReplySchema,
  controlRequestSchema,
  MESSAGE_HEADERS,
  NOTICES_TOPIC,
  REQUEST_PATTERNS,
  repliesTopic,
  requestsTopic,
  type ControlReply,
  type ControlRequest,
  type RequestPattern,
  type ServiceName,
} from '@easyflow/contracts-events';
import { EasyFlowError, OperationalError, UnexpectedError } from '@easyflow/kernel-errors';
import { currentTraceparent } from '@easyflow/platform-telemetry';
import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import type {
  IncomingRecord,
  OutgoingRecord,
  Subscription,
  Transport,
  TransportLog,
} from '../transport';
import { openRecord } from './open-record';
import { processGroup } from './process-group';
import type { RecordSigner, RecordVerifier } from './record-trust';

export interface TransportClientOptions {
  transport: Transport;
  service: ServiceName;
  /** This process's replies topic; a restart takes the same. */
  slot: string;
  signer: RecordSigner;
  verifier: RecordVerifier;
  log: TransportLog;
  /** How long a reply is waited for, milliseconds; default 10,000. */
  timeoutMs?: number;
}

/** What `send` takes beside the pattern: the body is in the tenant's inbox row `requestId` already. */
export type RequestData = Omit<ControlRequest, 'pattern'>;

interface Pending {
  callback: (packet: WritePacket<ControlReply>) => void;
  timer: NodeJS.Timeout;
}

/**
 * Nest's client over the transport port. `send(pattern, request)` completes when the reply is in the request's
 * row, and errors with OperationalError `service.unavailable` (the service or the transport is down),
 * `service.timeout`, or UnexpectedError `service.failed`. `emit(type, payload)` broadcasts a notice.
 */
export class TransportClient extends ClientProxy {
  private readonly pending = new Map<string, Pending>();
  private subscribing: Promise<Subscription> | undefined;

  constructor(private readonly options: TransportClientOptions) {
    super();
  }

  /** Begins to listen for replies; once. */
  async connect(): Promise<void> {
    const { transport, service, slot } = this.options;
    this.subscribing ??= transport.subscribe({
      group: processGroup(`${service}.replies`),
      topics: [repliesTopic(service, slot)],
      onBatch: (records) => this.receive(records),
    });
    await this.subscribing;
  }

  async close(): Promise<void> {
    for (const requestId of [...this.pending.keys()]) {
      this.settle(requestId, { err: unavailable('The client was closed') });
    }
    const subscription = await this.subscribing;
    this.subscribing = undefined;
    await subscription?.close();
  }

  unwrap<T>(): T {
    return this.options.transport as T;
  }

  protected publish(
    packet: ReadPacket<RequestData>,
    callback: (packet: WritePacket<ControlReply>) => void,
  ): () => void {
    const pattern = String(packet.pattern) as RequestPattern;
    const request = controlRequestSchema.parse({ ...packet.data, pattern });
    const { requestId } = request;
    const timer = setTimeout(
      () => this.settle(requestId, { err: timedOut(pattern) }),
      this.options.timeoutMs ?? 10_000,
    );
    this.pending.set(requestId, { callback, timer });
    this.sendRequest(pattern, request).catch((error: unknown) => {
      const err = error instanceof EasyFlowError ? error : unavailable('It was not sent', error);
      this.settle(requestId, { err });
    });
    return () => this.forget(requestId);
  }

  protected async dispatchEvent<T>(packet: ReadPacket<object>): Promise<T> {
    const type = String(packet.pattern);
    const { data } = packet;
    const named = 'tenantId' in data ? data.tenantId : undefined;
    const tenantId = typeof named === 'string' ? named : null;
    const value = JSON.stringify(data);
    await this.options.transport.send([this.record(NOTICES_TOPIC, { type, tenantId, value })]);
    return undefined as T;
  }

  private async sendRequest(pattern: RequestPattern, request: ControlRequest): Promise<void> {
    const { transport, service, slot } = this.options;
    const { requestId, tenantId } = request;
    const record = this.record(requestsTopic(REQUEST_PATTERNS[pattern]), {
      type: 'request',
      tenantId,
      ids: [requestId],
      value: JSON.stringify(request),
    });
    record.headers[MESSAGE_HEADERS.pattern] = pattern;
    record.headers[MESSAGE_HEADERS.correlationId] = requestId;
    record.headers[MESSAGE_HEADERS.replyTo] = repliesTopic(service, slot);
    await transport.send([{ ...record, key: tenantId }]);
  }

  private record(
    topic: string,
    content: { type: string; tenantId: string | null; ids?: string[]; value: string },
  ): OutgoingRecord {
    const traceparent = currentTraceparent();
    const headers = {
      [MESSAGE_HEADERS.pattern]: content.type,
      ...this.options.signer.sign({ topic, ...content }),
      ...(traceparent === undefined ? {} : { [MESSAGE_HEADERS.traceparent]: traceparent }),
    };
    return { topic, headers, value: content.value };
  }

  private async receive(records: readonly IncomingRecord[]): Promise<void> {
    const { verifier, log } = this.options;
    for (const record of records) {
      // The topic also brings results, which are others' business: their signatures need not be checked here.
      if (!this.pending.has(record.headers[MESSAGE_HEADERS.correlationId] ?? '')) continue;
      const opened = await openRecord(record, verifier, log);
      if (opened?.claims.type !== 'reply') continue;
      const reply = controlReplySchema.parse(opened.payload);
      this.settle(reply.requestId, packetOf(reply));
    }
  }

  private settle(requestId: string, packet: WritePacket<ControlReply>): void {
    const pending = this.pending.get(requestId);
    if (!pending) return;
    this.forget(requestId);
    pending.callback({ ...packet, isDisposed: true });
  }

  private forget(requestId: string): void {
    clearTimeout(this.pending.get(requestId)?.timer);
    this.pending.delete(requestId);
  }
}

function packetOf(reply: ControlReply): WritePacket<ControlReply> {
  switch (reply.outcome) {
    case 'stored':
      return { response: reply };
    case 'unavailable':
      return { err: unavailable('A dependency of it is down', undefined, reply.retryAfterSeconds) };
    case 'failed':
      return { err: new UnexpectedError('service.failed', 'The service could not do the request') };
  }
}

function timedOut(pattern: string): OperationalError {
  return new OperationalError('service.timeout', `No reply to ${pattern} came in time`);
}

function unavailable(reason: string, cause?: unknown, retryAfterSeconds = 1): OperationalError {
  return new OperationalError(
    'service.unavailable',
    `The service cannot be reached now. ${reason}.`,
    { cause, retryAfterSeconds },
  );
}
