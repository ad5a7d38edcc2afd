import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { UserError } from '@easyflow/kernel-errors';

/** One ES256 key of the issuer. */
export interface JwtKey {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** The thumbprint of a key (RFC 7638). */
function thumbprint(jwk: JsonWebKey): string {
  const canonical = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
  return createHash('sha256').update(canonical).digest('base64url');
}

/**
 * Reads the issuer's keys from PEM text. The first key signs; those after it only verify, so that a
 * rotation puts the new key in front and drops the old one when its last token has expired.
 * @throws UserError `issuer.jwt_keys` when there is no P-256 key in it
 */
export function readJwtKeys(pem: string): JwtKey[] {
  const blocks = pem.match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g) ?? [];
  const keys = blocks.map((block): JwtKey => {
    const privateKey = createPrivateKey(block);
    const publicKey = createPublicKey(block);
    const jwk = publicKey.export({ format: 'jwk' });
    if (jwk.crv !== 'P-256') {
      throw new UserError('issuer.jwt_keys', 'The key of access tokens must be an EC key on P-256');
    }
    return { kid: thumbprint(jwk), privateKey, publicKey };
  });
  if (keys.length === 0) {
    throw new UserError('issuer.jwt_keys', 'There is no PEM key for access tokens');
  }
  return keys;
}

/** The public keys as a JWK set (RFC 7517). */
export function jwkSet(keys: readonly JwtKey[]): { keys: JsonWebKey[] } {
  return {
    keys: keys.map((key) => ({
      ...key.publicKey.export({ format: 'jwk' }),
      kid: key.kid,
      alg: 'ES256',
      use: 'sig',
    })),
  };
}
