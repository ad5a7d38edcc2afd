import { createHash } from 'node:crypto';

/** The idempotency key of the execution that a tick starts. No caller can use it: it has a space. */
export function tickKey(scheduleId: string, tick: number): string {
  return `schedule ${scheduleId} ${new Date(tick).toISOString()}`;
}

/**
 * The id of the execution that a tick starts: a UUIDv7 of the tick's time whose random part is a hash, so
 * two schedulers that fire one tick also collide on the primary key.
 */
export function tickExecutionId(scheduleId: string, tick: number): string {
  const time = Math.floor(tick).toString(16).padStart(12, '0');
  const hash = createHash('sha256').update(tickKey(scheduleId, tick)).digest('hex');
  const variant = ((Number.parseInt(hash.charAt(3), 16) & 0x3) | 0x8).toString(16);
  return [
    time.slice(0, 8),
    time.slice(8, 12),
    `7${hash.slice(0, 3)}`,
    `${variant}${hash.slice(4, 7)}`,
    hash.slice(7, 19),
  ].join('-');
}
