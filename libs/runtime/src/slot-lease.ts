import type { Logger } from '@easyflow/platform-telemetry';
import type { IssuerPort } from '@easyflow/tenant-context';

export interface SlotLeaseOptions {
  issuer: Pick<IssuerPort, 'leaseSlot' | 'freeSlot'>;
  /** Names this process among those of its service: its pod. */
  holder: string;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Called once, when another process has been given the slot. */
  lost: () => void;
  /** How long a start waits for an issuer that does not answer, and between two attempts, milliseconds. */
  patienceMs?: number;
  retryMs?: number;
  /** A third of the lease of a minute. */
  renewMs?: number;
}

/**
 * The slot of this process, handed out by the issuer and renewed while it runs. While the issuer does not answer nobody
 * else can be given the slot either, so the process keeps it; only the answer that it is another's ends that. What
 * it did under it meanwhile is refused elsewhere: registering a lease owner again changes its secret and
 * its claims' numbers, and a reply on the slot's topic is an id that only its asker knows.
 */
export class SlotLease {
  private timer: NodeJS.Timeout | undefined;
  private renewing: Promise<void> | undefined;
  private over = false;

  private constructor(
    readonly slot: string,
    private readonly options: SlotLeaseOptions,
  ) {
    this.plan();
  }

  /** Undefined when the issuer did not answer in time: the start goes on without. */
  static async take(options: SlotLeaseOptions): Promise<SlotLease | undefined> {
    const { issuer, holder, logger, patienceMs = 10_000, retryMs = 500 } = options;
    const until = performance.now() + patienceMs;
    for (;;) {
      try {
        const slot = await issuer.leaseSlot(holder);
        logger.info({ slot, holder }, 'this process has a slot');
        return new SlotLease(String(slot), options);
      } catch (error) {
        if (performance.now() >= until) {
          logger.warn({ error, holder }, 'no slot was given; the name of the process is its slot');
          return undefined;
        }
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  /**
   * Whether the slot is still this process's; asked before it is registered again.
   * @throws what the issuer's port throws
   */
  async isOurs(): Promise<boolean> {
    const { issuer, holder, logger, lost } = this.options;
    const slot = await issuer.leaseSlot(holder);
    if (String(slot) === this.slot) return true;
    logger.error({ slot: this.slot, holder }, 'another process has this slot now');
    lost();
    return false;
  }

  /** Leaves the slot to the next process. */
  async close(): Promise<void> {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    await this.renewing;
    const { issuer, holder, logger } = this.options;
    try {
      await issuer.freeSlot(holder);
    } catch (error) {
      logger.warn(
        { error, slot: this.slot },
        'the slot was not given back; it is free in a minute',
      );
    }
  }

  private plan(): void {
    this.timer = setTimeout(() => {
      this.renewing = this.renew();
    }, this.options.renewMs ?? 20_000).unref();
  }

  private async renew(): Promise<void> {
    try {
      if (!(await this.isOurs())) return;
    } catch (error) {
      this.options.logger.warn(
        { error, slot: this.slot },
        'the slot could not be renewed; trying again',
      );
    }
    if (!this.over) this.plan();
  }
}
