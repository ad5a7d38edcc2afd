import type { KafkaLink } from './kafka-link';

/** Waits for the state of a link, until the waiting one ends. */
export class LinkWait {
  constructor(
    private readonly link: KafkaLink,
    private readonly ended: AbortSignal,
  ) {}

  /** Resolves when the link is up or the waiting one has ended. */
  up(): Promise<void> {
    return this.until(() => this.link.isUp());
  }

  /** Resolves when the link is down, the waiting one has ended, or nobody waits any more. */
  down(over: AbortSignal): Promise<void> {
    return this.until(() => !this.link.isUp(), over);
  }

  private async until(holds: () => boolean, over?: AbortSignal): Promise<void> {
    if (holds() || this.ended.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.link.onStateChange(() => {
      if (holds()) resolve();
    });
    const onEnd = (): void => resolve();
    this.ended.addEventListener('abort', onEnd, { once: true });
    over?.addEventListener('abort', onEnd, { once: true });
    try {
      await promise;
    } finally {
      stop();
      this.ended.removeEventListener('abort', onEnd);
    }
  }
}
