import { setTimeout as pause } from 'node:timers/promises';

/**
 * A refusal is answered this late. Whoever floods sends the next request when the last is answered: refusing costs a
 * tenth of a millisecond of the one thread that serves everybody, and 64 connections filled it.
 */
export const REFUSAL_DELAY_MS = 100;

/** Refusals held back at a time; more are answered at once. */
export const MOST_HELD = 2_000;

/** Holds refusals back that a client in a loop would ask for again at once. */
export class HeldRefusals {
  private held = 0;

  async hold(): Promise<void> {
    if (this.held >= MOST_HELD) return;
    this.held += 1;
    await pause(REFUSAL_DELAY_MS);
    this.held -= 1;
  }
}
