import { createHash } from 'node:crypto';

/** Binds the signature to this use of the key: the same key also signs workload assertions. */
const PURPOSE = 'easyflow-envelope-v1.';

/** The bytes under an envelope's signature, from the text of its header. */
export function signedBytes(envelope: string): Buffer {
  return Buffer.from(PURPOSE + envelope, 'utf8');
}

/** SHA-256 of a record's value, base64url without padding. */
export function payloadHash(value: string): string {
  return createHash('sha256').update(value, 'utf8').digest('base64url');
}
