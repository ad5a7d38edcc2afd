/** A pause that can be cut short. */
export class Pause {
  private wake: (() => void) | undefined;
  private ended = false;

  /** Resolves after so many milliseconds, or at once when it has ended. */
  async sleep(milliseconds: number): Promise<void> {
    if (this.ended) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.wake = resolve;
    const timer = setTimeout(resolve, milliseconds);
    await promise;
    clearTimeout(timer);
  }

  /** Ends the pause in hand and all later ones. */
  end(): void {
    this.ended = true;
    this.wake?.();
  }
}
