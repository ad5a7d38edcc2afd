import { systemClock, type Clock } from '@easyflow/kernel-time';

/**
 * The database's time, kept on this process's monotonic clock: the wall clock of this machine may be seconds off, and
 * everything that is due, leased or expires is so by the database's clock. A reading says that the database's time
 * minus ours lies between (reading − received) and (reading − sent); what is known already is moved just into there, so
 * that time does not jitter, and a slow answer never makes it worse.
 */
export class DatabaseClock implements Clock {
  readonly #own: Clock;
  #ahead: number;
  #known = false;

  /** @param own the clocks of this machine; until the first reading its wall clock stands in */
  constructor(own: Clock = systemClock) {
    this.#own = own;
    this.#ahead = own.now() - own.monotonic();
  }

  /** Milliseconds since the epoch, by the database's clock. */
  now(): number {
    return this.#own.monotonic() + this.#ahead;
  }

  monotonic(): number {
    return this.#own.monotonic();
  }

  /** Takes a reading of the database's clock; `sent` and `received` are monotonic times of this process. */
  learn(databaseMs: number, sent: number, received: number): void {
    const least = databaseMs - received;
    const most = databaseMs - sent;
    const guess = this.#known ? this.#ahead : (least + most) / 2;
    this.#ahead = Math.min(Math.max(guess, least), most);
    this.#known = true;
  }

  /** Whether the database has been asked. */
  get known(): boolean {
    return this.#known;
  }

  /** How far this machine's wall clock is ahead of the database's, milliseconds; 0 until the database was asked. */
  get skewMs(): number {
    return this.#known ? this.#own.now() - this.now() : 0;
  }
}
