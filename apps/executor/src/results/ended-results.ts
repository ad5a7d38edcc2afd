import { MESSAGE_HEADERS, repliesTopic, type ExecutionsEnded } from '@easyflow/contracts-events';
import type { OutgoingRecord, Transport } from '@easyflow/platform-messaging';
import type { Logger } from '@easyflow/platform-telemetry';
import type { EndedExecution, EnvelopeSigner } from '@easyflow/tenant-context';
import type { Checkpoint } from '../checkpoint/checkpoint';

type EndedListener = (ended: readonly EndedExecution[]) => void;

const TYPE = 'execution.ended';
/** The schema of the message takes at most 10,000 pairs. */
const MOST_PAIRS = 5_000;

/**
 * Tells waiting requests that executions ended: in one process the result itself, over the transport one message
 * of ids a gateway slot, one produce request at a time, so that the next gathers what ended meanwhile. A message
 * that cannot be sent is dropped: the request answers 202 at its time limit, and the result is in the database.
 */
export class EndedResults {
  private readonly listeners = new Set<EndedListener>();
  private waiting = new Map<string, { tenantId: string; id: string }[]>();
  private sending: Promise<void> | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly signer: EnvelopeSigner,
    private readonly logger: Logger,
  ) {}

  /** Returns the unsubscribe function. */
  listen(listener: EndedListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(rows: readonly Checkpoint[]): void {
    if (rows.length === 0) return;
    if (this.listeners.size > 0) {
      const ended = rows.map(toEnded);
      for (const listener of this.listeners) this.call(listener, ended);
    }
    for (const { tenantId, id, execution } of rows) {
      const slot = execution.facts.replySlot;
      if (slot === undefined) continue;
      const pairs = this.waiting.get(slot) ?? [];
      pairs.push({ tenantId, id });
      this.waiting.set(slot, pairs);
    }
    if (this.waiting.size > 0) this.sending ??= this.send();
  }

  private call(listener: EndedListener, ended: readonly EndedExecution[]): void {
    try {
      listener(ended);
    } catch (error) {
      this.logger.error({ error }, 'a listener to ended executions failed');
    }
  }

  /** Sends what waits. */
  async close(): Promise<void> {
    await this.sending;
  }

  private async send(): Promise<void> {
    try {
      while (this.waiting.size > 0) {
        const waiting = this.waiting;
        this.waiting = new Map();
        await this.transport.send(
          [...waiting].flatMap(([slot, pairs]) => this.recordsOf(slot, pairs)),
        );
      }
    } catch (error) {
      this.waiting.clear();
      this.logger.warn({ error }, 'waiting requests could not be told of ended executions');
    } finally {
      this.sending = undefined;
    }
  }

  /** A slot is what a row says; one that names no topic has nobody to tell. */
  private recordsOf(slot: string, pairs: ExecutionsEnded['pairs']): OutgoingRecord[] {
    try {
      return this.records(slot, pairs);
    } catch (error) {
      this.logger.error({ error, slot }, 'a reply slot that is none');
      return [];
    }
  }

  private records(slot: string, pairs: ExecutionsEnded['pairs']): OutgoingRecord[] {
    const topic = repliesTopic('gateway', slot);
    const records: OutgoingRecord[] = [];
    for (let from = 0; from < pairs.length; from += MOST_PAIRS) {
      const message: ExecutionsEnded = { pairs: pairs.slice(from, from + MOST_PAIRS) };
      const value = JSON.stringify(message);
      const envelope = this.signer.sign({ topic, type: TYPE, tenantId: null, value });
      records.push({ topic, headers: { ...envelope, [MESSAGE_HEADERS.pattern]: TYPE }, value });
    }
    return records;
  }
}

function toEnded({ tenantId, id, status, output, error }: Checkpoint): EndedExecution {
  return { tenantId, id, status, output: output ?? undefined, error: error ?? undefined };
}
