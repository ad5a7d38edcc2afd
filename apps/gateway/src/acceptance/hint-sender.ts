import {
  MESSAGE_HEADERS,
  tenantDeadLetterTopic,
  tenantEventsTopic,
} from '@easyflow/contracts-events';
import type { OutgoingRecord, Transport } from '@easyflow/platform-messaging';
import { currentTraceparent, type Logger } from '@easyflow/platform-telemetry';
import type { EnvelopeSigner, TenantToken } from '@easyflow/tenant-context';

/** An append costs Kafka more than an execution costs Postgres; executors claim what they find on one hint. */
const PAUSE_MS = 5;
const VALUE = '{}';

export interface HintSenderOptions {
  transport: Pick<Transport, 'isUp' | 'send' | 'ensureTopics'>;
  signer: EnvelopeSigner;
  logger: Logger;
}

/** What a hint says of its tenant. */
interface Turn {
  readonly tenantId: string;
  /** Of the tenant's placement. */
  readonly epoch: number;
  /** The trace of the request whose work it is: the sending loop may have begun in another's. */
  readonly traceparent: string | undefined;
}

/**
 * "There is work", after a commit. A claim is bound to no tenant, so one hint on the topic of one tenant of those
 * waiting, in turn, is enough for all of them. A hint that is lost costs latency only: executors poll.
 */
export class HintSender {
  /** Tenants with new work. */
  private readonly tenants = new Map<string, Turn>();
  private turn = 0;
  private sending: Promise<void> | undefined;
  private closed = false;

  constructor(private readonly options: HintSenderOptions) {}

  hint(tenants: readonly TenantToken[]): void {
    if (this.closed || !this.options.transport.isUp()) return;
    const traceparent = currentTraceparent();
    for (const { tenantId, placement } of tenants) {
      this.tenants.set(tenantId, { tenantId, epoch: placement.epoch, traceparent });
    }
    this.sending ??= this.run().finally(() => {
      this.sending = undefined;
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.sending;
  }

  private async run(): Promise<void> {
    for (let turn = this.take(); turn && !this.closed; turn = this.take()) {
      await this.send(turn);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** The tenant whose turn it is; the others' work is found on its hint too. */
  private take(): Turn | undefined {
    const tenants = [...this.tenants.values()];
    this.tenants.clear();
    this.turn += 1;
    return tenants[this.turn % Math.max(1, tenants.length)];
  }

  private async send({ tenantId, epoch, traceparent }: Turn): Promise<void> {
    const { signer, logger } = this.options;
    const topic = tenantEventsTopic(tenantId);
    try {
      const envelope = signer.sign({ topic, type: 'hint', tenantId, epoch, value: VALUE });
      const headers = {
        [MESSAGE_HEADERS.pattern]: 'hint',
        ...envelope,
        ...(traceparent === undefined ? {} : { [MESSAGE_HEADERS.traceparent]: traceparent }),
      };
      await this.deliver({ topic, headers, value: VALUE }, tenantId);
    } catch (error) {
      logger.warn(
        { err: error, tenantId },
        'a hint could not be sent; executors find the work by polling',
      );
    }
  }

  /** A topic that could not be made when its tenant was is made now. */
  private async deliver(record: OutgoingRecord, tenantId: string): Promise<void> {
    const { transport } = this.options;
    try {
      await transport.send([record]);
    } catch (error) {
      if (!transport.isUp()) throw error;
      await transport.ensureTopics([record.topic, tenantDeadLetterTopic(tenantId)]);
      await transport.send([record]);
    }
  }
}
