import {
  controlRequestSchema,
  MESSAGE_HEADERS,
  NOTICES_TOPIC,
  repliesTopic,
  requestsTopic,
  type ControlReply,
  type ServiceName,
} from '@easyflow/contracts-events';
import { OperationalError } from '@easyflow/kernel-errors';
import { withTraceparent } from '@easyflow/platform-telemetry';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { messagesReceived } from '../messaging-metrics';
import type {
  BatchHandler,
  IncomingRecord,
  Subscription,
  TenantSubscription,
  Transport,
  TransportLog,
} from '../transport';
import { openRecord, type OpenedRecord } from './open-record';
import { processGroup } from './process-group';
import type { RecordSigner, RecordVerifier } from './record-trust';
import { TransportContext } from './transport-context';

export interface TransportStrategyOptions {
  transport: Transport;
  service: ServiceName;
  signer: RecordSigner;
  verifier: RecordVerifier;
  log: TransportLog;
  /** Requests to the service, shared by its replicas; `@MessagePattern` of contracts' REQUEST_PATTERNS. */
  requests?: boolean;
  /** What is broadcast (`tenant.created`, `flow.activated`, `execution.signalled`), each to every process. */
  notices?: boolean;
  /** The slot whose replies topic brings `execution.ended`. */
  replies?: string;
  /** Every tenant's `hint` and `lifecycle`, shared by the replicas of this group. */
  tenants?: { group: string };
}

type Handler = MessageHandler<unknown, TransportContext, unknown>;

/** What `on` tells: the transport's state. */
type TransportEvents = Record<'up' | 'down', () => void>;

/**
 * Nest's transport strategy over the transport port. `@EventPattern('hint', { batch: true })` handlers are called
 * once for all records of a batch, with an array; others once a record, side by side. A failing event handler
 * fails its batch (tried again, then set aside); a failing request is answered. Use it with RpcErrorFilter.
 */
export class TransportStrategy extends Server<TransportEvents> implements CustomTransportStrategy {
  private readonly subscriptions: Subscription[] = [];
  private tenantSubscription: TenantSubscription | undefined;

  constructor(private readonly options: TransportStrategyOptions) {
    super();
  }

  /** Subscribes to what the options name. The transport must have been connected. */
  listen(callback: (error?: unknown) => void): void {
    this.subscribeAll().then(
      () => callback(),
      (error: unknown) => callback(error),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.subscriptions.splice(0).map((subscription) => subscription.close()));
  }

  /** Tells the tenants' subscription of a topic that was just created. */
  async notice(topic: string): Promise<void> {
    await this.tenantSubscription?.notice(topic);
  }

  on(event: keyof TransportEvents, listener: () => void): void {
    this.options.transport.onStateChange((up) => {
      if (event === (up ? 'up' : 'down')) listener();
    });
  }

  /** Nest's own would parse every pattern as JSON first, and throw and catch an error for each record. */
  protected override getRouteFromPattern(pattern: string): string {
    return pattern;
  }

  unwrap<T>(): T {
    return this.options.transport as T;
  }

  private async subscribeAll(): Promise<void> {
    const { service, requests, notices, replies, tenants, transport } = this.options;
    const onBatch: BatchHandler = (records) => this.handle(records);
    const subscribe = async (group: string, topic: string): Promise<void> => {
      this.subscriptions.push(await transport.subscribe({ group, topics: [topic], onBatch }));
    };
    await Promise.all([
      requests && subscribe(`easyflow.${service}`, requestsTopic(service)),
      notices && subscribe(processGroup(`${service}.notices`), NOTICES_TOPIC),
      replies !== undefined &&
        subscribe(processGroup(`${service}.results`), repliesTopic(service, replies)),
    ]);
    if (!tenants) return;
    this.tenantSubscription = await transport.subscribeTenants({ group: tenants.group, onBatch });
    this.subscriptions.push(this.tenantSubscription);
  }

  private async handle(records: readonly IncomingRecord[]): Promise<void> {
    const { verifier, log } = this.options;
    const opened = await Promise.all(
      records
        .filter((record) => this.concerns(record))
        .map((record) => openRecord(record, verifier, log)),
    );
    messagesReceived.addEach(
      'easyflow.message.type',
      opened.flatMap((each) => (each ? [each.claims.type] : [])),
    );
    const byPattern = new Map<string, OpenedRecord[]>();
    for (const each of opened) {
      if (each) byPattern.set(each.pattern, [...(byPattern.get(each.pattern) ?? []), each]);
    }
    const work = [...byPattern].flatMap(([pattern, group]) => this.dispatch(pattern, group));
    const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /**
   * Whether a handler of this process may take the record, by its unsigned header: what is left out here would be
   * left out after its verification too. A tenant's topic carries hints and megabytes of lifecycle events.
   */
  private concerns({ headers }: IncomingRecord): boolean {
    const pattern = headers[MESSAGE_HEADERS.pattern];
    return (
      pattern === undefined ||
      this.options.requests === true ||
      this.getHandlerByPattern(pattern)?.isEventHandler === true
    );
  }

  private dispatch(pattern: string, group: readonly OpenedRecord[]): Promise<void>[] {
    const requests = group.filter(({ claims }) => claims.type === 'request');
    if (requests.length > 0) return requests.map((request) => this.answer(pattern, request));
    const handler = this.handlerOf(pattern);
    if (!handler?.isEventHandler) return [];
    if (handler.extras?.['batch'] === true) {
      return [
        this.call(
          handler,
          group,
          group.map(({ payload }) => payload),
        ),
      ];
    }
    return group.map((each) => this.call(handler, [each], each.payload));
  }

  private handlerOf(pattern: string): Handler | null {
    return this.getHandlerByPattern(pattern) as Handler | null;
  }

  /** Runs a handler inside the trace of its first record. */
  private async call(
    handler: Handler,
    group: readonly OpenedRecord[],
    data: unknown,
  ): Promise<void> {
    const context = new TransportContext(group);
    const traceparent = group[0]?.record.headers[MESSAGE_HEADERS.traceparent];
    await withTraceparent(traceparent, async () => {
      const result = this.transformToObservable(handler(data, context));
      await lastValueFrom(result, { defaultValue: undefined });
    });
  }

  private async answer(pattern: string, request: OpenedRecord): Promise<void> {
    const { requestId } = controlRequestSchema.parse(request.payload);
    const reply = await this.replyTo(pattern, requestId, request);
    await this.reply(request, reply);
  }

  private async replyTo(
    pattern: string,
    requestId: string,
    request: OpenedRecord,
  ): Promise<ControlReply> {
    const { log } = this.options;
    const handler = this.handlerOf(pattern);
    if (!handler || handler.isEventHandler) {
      log.error({ pattern, requestId }, 'No handler for a request');
      return { requestId, outcome: 'failed' };
    }
    try {
      await this.call(handler, [request], request.payload);
      return { requestId, outcome: 'stored' };
    } catch (error) {
      log.error({ error, pattern, requestId }, 'A request failed');
      if (!(error instanceof OperationalError)) return { requestId, outcome: 'failed' };
      const retryAfterSeconds = Math.max(1, Math.ceil(error.retryAfterSeconds));
      return { requestId, outcome: 'unavailable', retryAfterSeconds };
    }
  }

  /** A reply that cannot be sent is only logged: the requester's time limit covers it. */
  private async reply({ record, claims }: OpenedRecord, reply: ControlReply): Promise<void> {
    const { transport, signer, log } = this.options;
    const topic = record.headers[MESSAGE_HEADERS.replyTo];
    if (topic === undefined) return;
    // The header is not signed, so it may only name a replies topic of the one who signed the request.
    const prefix = repliesTopic(claims.sender, '0').slice(0, -1);
    if (!topic.startsWith(prefix)) {
      log.warn({ topic, sender: claims.sender }, 'A reply was asked for on a foreign topic');
      return;
    }
    const value = JSON.stringify(reply);
    const ids = [reply.requestId];
    const headers = {
      [MESSAGE_HEADERS.correlationId]: reply.requestId,
      ...signer.sign({ topic, type: 'reply', tenantId: claims.tenantId, ids, value }),
    };
    try {
      await transport.send([{ topic, headers, value }]);
    } catch (error) {
      log.warn({ error, topic }, 'A reply could not be sent');
    }
  }
}
