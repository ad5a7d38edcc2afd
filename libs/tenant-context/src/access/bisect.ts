import { OperationalError, UnexpectedError } from '@easyflow/kernel-errors';
import { refusedMembers } from '@easyflow/platform-database';

/** What became of one item: its result, or the error that it alone has. */
export interface Bisected<T, R> {
  item: T;
  result?: R;
  error?: Error;
}

/** Refusals that are of single members even though they are retryable; a deadlock is of those who met in it. */
const MEMBER_CODES = new Set([
  'token.expired',
  'token.epoch',
  'token.key',
  'tenant.moving',
  'database.contended',
]);

function asError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new UnexpectedError('batch.failed', 'A flush rejected with no error', { cause: thrown });
}

/**
 * Runs `flush` on all items; when it fails for its data, halves them until the poison ones are
 * alone, so that the others commit. `flush` answers one result an item, in order, and must be all
 * or nothing. Members that the database refused by name are set apart at once when `tenantOf` is given.
 * @throws OperationalError as it came, when the database is down or busy: then halving helps nobody.
 * Halves that had committed before stay committed; the rejection says nothing about them, so `flush`
 * must be safe to repeat (keys, `ON CONFLICT`), as it must after any lost COMMIT answer.
 */
export async function bisect<T, R>(
  items: readonly T[],
  flush: (items: readonly T[]) => Promise<R[]>,
  tenantOf?: (item: T) => string,
): Promise<Bisected<T, R>[]> {
  if (items.length === 0) return [];
  let error: Error;
  try {
    const results = await flush(items);
    return items.map((item, index) => ({ item, result: results[index] as R }));
  } catch (thrown) {
    error = asError(thrown);
  }
  if (error instanceof OperationalError && !MEMBER_CODES.has(error.code)) throw error;
  if (items.length === 1) return [{ item: items[0] as T, error }];

  const refused = refusedMembers(error);
  if (tenantOf && refused.size > 0) {
    const outcome = new Map<T, Bisected<T, R>>();
    const others: T[] = [];
    for (const item of items) {
      if (refused.has(tenantOf(item))) outcome.set(item, { item, error });
      else others.push(item);
    }
    if (others.length < items.length) {
      for (const done of await bisect(others, flush, tenantOf)) outcome.set(done.item, done);
      return items.map((item) => outcome.get(item) as Bisected<T, R>);
    }
  }
  const middle = Math.ceil(items.length / 2);
  const first = await bisect(items.slice(0, middle), flush, tenantOf);
  const second = await bisect(items.slice(middle), flush, tenantOf);
  return [...first, ...second];
}
