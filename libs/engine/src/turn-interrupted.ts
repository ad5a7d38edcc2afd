import { OperationalError } from '@easyflow/kernel-errors';

/**
 * The advance has used up the CPU of its budget within a task. It has changed nothing: the shell makes the very same
 * advance again (state, signals and `now` as they were) where a longer one holds up nobody, with a larger budget.
 */
export class TurnInterrupted extends OperationalError {
  constructor(
    /** JSON pointer of the place that took so long. */
    readonly instance: string,
    /** What the advance was allowed, in milliseconds of CPU. */
    readonly cpuMs: number,
    cause?: unknown,
  ) {
    super('turn.interrupted', `The turn used up its ${cpuMs} ms of CPU at ${instance}`, { cause });
  }
}
