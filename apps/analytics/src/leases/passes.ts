/** Work that is done a pass at a time, with a pause behind each, until it is closed. */
export class Passes {
  private ended = false;
  private wake: (() => void) | undefined;
  private running: Promise<void> | undefined;

  /** Whether what is in hand is to come to its end. */
  get stopped(): boolean {
    return this.ended;
  }

  /** `pass` answers how long to pause behind it, milliseconds; it must not reject. */
  start(pass: () => Promise<number>): void {
    this.running ??= this.run(pass);
  }

  /** Resolves after so many milliseconds, or at once when it has been closed. */
  async pause(milliseconds: number): Promise<void> {
    if (this.ended) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.wake = resolve;
    const timer = setTimeout(resolve, milliseconds);
    await promise;
    clearTimeout(timer);
  }

  /** Cuts the pause in hand short; resolves when the pass in hand has ended. */
  async close(): Promise<void> {
    this.ended = true;
    this.wake?.();
    await this.running;
  }

  private async run(pass: () => Promise<number>): Promise<void> {
    while (!this.ended) await this.pause(await pass());
  }
}
