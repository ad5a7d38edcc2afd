import { UserError } from '@easyflow/kernel-errors';
import { z } from 'zod';

/** Where the first page of a list begins that goes from the newest to the oldest: no id is larger. */
export const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** An opaque position in a list: the key of the last item of the page before. */
export function writeCursor(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * The key in a cursor that `writeCursor` made with as many parts.
 * @throws UserError `request.invalid_cursor` (400) for anything else
 */
export function readCursor(cursor: string, parts: readonly RegExp[]): string[] {
  const key = z.array(z.string()).safeParse(jsonOf(cursor));
  const fits =
    key.success &&
    key.data.length === parts.length &&
    parts.every((pattern, index) => pattern.test(key.data[index] ?? ''));
  if (fits) return key.data;
  throw invalidCursor();
}

export function invalidCursor(): UserError {
  return new UserError('request.invalid_cursor', 'The cursor is not one that this list gave', {
    errors: [{ pointer: '#/cursor', message: 'pass nextCursor of the page before unchanged' }],
  });
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
