import { UnexpectedError } from '@easyflow/kernel-errors';

const PREFIX = '00000000-0000-7000-8000-';

/** The hour that a roll-up's work row names: its id ends in the hour's seconds since the epoch, in hex. */
export function hourOf(rollupId: string): Date {
  const seconds = rollupId.startsWith(PREFIX)
    ? Number.parseInt(rollupId.slice(PREFIX.length), 16)
    : Number.NaN;
  if (Number.isNaN(seconds) || seconds % 3_600 !== 0) {
    throw new UnexpectedError('analytics.bad_hour', `${rollupId} names no hour`);
  }
  return new Date(seconds * 1_000);
}

/** The id of the work row that counts an hour. */
export function rollupId(hour: Date): string {
  return PREFIX + (hour.getTime() / 1_000).toString(16).padStart(12, '0');
}
