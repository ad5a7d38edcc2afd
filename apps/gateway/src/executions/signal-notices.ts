import type { ExecutionsSignalled } from '@easyflow/contracts-events';
import type { Logger } from '@easyflow/platform-telemetry';

export interface SignalNoticesOptions {
  readonly transportIsUp: () => boolean;
  readonly emit: (type: 'execution.signalled', notice: ExecutionsSignalled) => Promise<void>;
  readonly logger: Logger;
}

/** The schema of the message takes at most 10,000 pairs. */
const MOST_PAIRS = 1_000;
/** Every process reads a notice, so notices of a burst share one. */
const PAUSE_MS = 5;

/**
 * Says which executions have been signalled, after the commit. Only one executor has each in memory, and nobody else
 * knows which. A notice that is lost costs a second: executors look by themselves.
 */
export class SignalNotices {
  private waiting: { tenantId: string; id: string }[] = [];
  private sending: Promise<void> | undefined;

  constructor(private readonly options: SignalNoticesOptions) {}

  signalled(tenantId: string, id: string): void {
    if (!this.options.transportIsUp()) return;
    this.waiting.push({ tenantId, id });
    this.sending ??= this.send().finally(() => (this.sending = undefined));
  }

  async close(): Promise<void> {
    await this.sending;
  }

  private async send(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        await this.options.emit('execution.signalled', {
          pairs: this.waiting.splice(0, MOST_PAIRS),
        });
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } catch (error) {
      this.waiting = [];
      this.options.logger.warn({ err: error }, 'executors find signals by looking themselves');
    }
  }
}
