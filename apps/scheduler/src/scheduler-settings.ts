/** What can be set of a scheduler. Durations in milliseconds. */
export interface SchedulerSettings {
  /** The slot of the lease owner: reused by the process that replaces this one. */
  readonly slot: string;
  /**
   * How long a schedule is held while its ticks are written: at most this long a scheduler that dies delays
   * them. Shorter than the time for which late ticks are still fired.
   */
  readonly leaseMs: number;
  /** How often due schedules are looked for when none is known to come due earlier. */
  readonly pollMs: number;
  /** Where it answers health questions; without it nowhere (one process). */
  readonly http?: { readonly host: string; readonly port: number };
}

export const defaultSchedulerSettings: Omit<SchedulerSettings, 'slot'> = {
  leaseMs: 5_000,
  pollMs: 250,
};
