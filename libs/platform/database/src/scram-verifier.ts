import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

const ITERATIONS = 4096;

function verifier(password: string, salt: Buffer, iterations: number): string {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  const client = createHmac('sha256', salted).update('Client Key').digest();
  const stored = createHash('sha256').update(client).digest('base64');
  const server = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${server}`;
}

/**
 * What Postgres stores for a password (RFC 5803), made here so that the password itself never
 * appears in a statement and so in no server log.
 */
export function scramVerifier(password: string): string {
  return verifier(password, randomBytes(16), ITERATIONS);
}

/** Whether a stored verifier is that of the password. */
export function verifierMatches(stored: string | null, password: string): boolean {
  const parts = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(stored ?? '');
  if (!stored || !parts?.[1] || !parts[2]) return false;
  const wanted = verifier(password, Buffer.from(parts[2], 'base64'), Number(parts[1]));
  return (
    wanted.length === stored.length && timingSafeEqual(Buffer.from(wanted), Buffer.from(stored))
  );
}
