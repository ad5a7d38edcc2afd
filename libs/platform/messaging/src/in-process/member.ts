import { deliver, type DeliverOptions } from '../deliver';
import type { IncomingRecord, TenantSubscription } from '../transport';
import type { Group } from './group';

export interface MemberOptions extends Omit<DeliverOptions, 'signal'> {
  group: Group;
  wants: (topic: string) => boolean;
  /** Runs the handler outside of the sender's asynchronous context: its tenant is not the receiver's. */
  outside: (work: () => void) => void;
  onHandled: (records: readonly IncomingRecord[]) => void;
}

/** One subscription of one process. */
export class Member implements TenantSubscription {
  private readonly ended = new AbortController();
  private paused = false;
  private running = false;
  private woken = false;
  private pumping: Promise<void> = Promise.resolve();

  constructor(private readonly options: MemberOptions) {}

  wants(topic: string): boolean {
    return this.options.wants(topic);
  }

  /** Begins to hand records over, after the current turn of the sender. */
  wake(): void {
    this.woken = true;
    if (this.running || this.paused || this.ended.signal.aborted) return;
    this.running = true;
    this.options.outside(() => {
      this.pumping = Promise.resolve().then(() => this.pump());
    });
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.wake();
  }

  async notice(): Promise<void> {
    this.wake();
  }

  async close(): Promise<void> {
    this.ended.abort();
    await this.pumping;
    this.options.group.leave(this);
  }

  private async pump(): Promise<void> {
    while (!this.paused && !this.ended.signal.aborted) {
      this.woken = false;
      const records = this.options.group.take(this);
      if (records.length > 0) await this.handle(records);
      else if (!this.woken) break;
    }
    this.running = false;
  }

  private async handle(records: readonly IncomingRecord[]): Promise<void> {
    const { group, log } = this.options;
    try {
      await deliver(records, { ...this.options, signal: this.ended.signal });
      group.release(records, true);
      this.options.onHandled(records);
    } catch (error) {
      group.release(records, false);
      log.warn({ error }, 'A batch was in hand when its subscription ended; it comes again');
    }
    group.wake();
  }
}
