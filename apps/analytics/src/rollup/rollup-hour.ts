const PREFIX = '00000000-0000-7000-8000-';
/** Beyond it the database takes no time. */
const END_SECONDS = Date.UTC(9999, 11, 31) / 1_000;

/**
 * The hour that a roll-up's work row names: its id ends in the hour's seconds since the epoch, in hex. Undefined when
 * it names none: rows are written by whoever may write them.
 */
export function hourOf(rollupId: string): Date | undefined {
  if (!rollupId.startsWith(PREFIX)) return undefined;
  const seconds = Number.parseInt(rollupId.slice(PREFIX.length), 16);
  return seconds % 3_600 === 0 && seconds < END_SECONDS ? new Date(seconds * 1_000) : undefined;
}

/** The id of the work row that counts an hour. */
export function rollupId(hour: Date): string {
  return PREFIX + (hour.getTime() / 1_000).toString(16).padStart(12, '0');
}
