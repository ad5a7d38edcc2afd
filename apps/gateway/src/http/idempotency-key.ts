import { UserError } from '@easyflow/kernel-errors';

const VISIBLE = /^[\x21-\x7e]{1,255}$/;

/**
 * The key of a request; undefined when it has none. A quoted key (a structured-field string, as the IETF draft
 * writes it) and the same bare are equal.
 * @throws UserError `idempotency.key_invalid` (400)
 */
export function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string') throw invalidKey('there is more than one');
  const text = header.trim();
  const quoted = text.length >= 2 && text.startsWith('"') && text.endsWith('"');
  const key = quoted ? text.slice(1, -1).replace(/\\(["\\])/g, '$1') : text;
  if (!VISIBLE.test(key)) throw invalidKey('use 1 to 255 visible ASCII characters');
  return key;
}

function invalidKey(reason: string): UserError {
  return new UserError('idempotency.key_invalid', `The Idempotency-Key is not valid: ${reason}`);
}
