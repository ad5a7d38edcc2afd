import { accessToken } from '@easyflow/contracts-http';
import type { Clock } from '@easyflow/kernel-time';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { Jwks } from './jwks';

/** The claims that the gateway uses. The issuer verifies the whole token again before it mints. */
export interface AccessTokenClaims {
  sub: string;
  /** Seconds since the epoch. */
  exp: number;
}

/**
 * Access tokens: ES256 only, so neither `alg: none` nor a public key misused as an HMAC secret passes; the key is
 * looked up by `kid` among those the issuer publishes, and nothing else of the header is believed (no jku, no jwk).
 */
export class JwtStrategy extends PassportStrategy(Strategy, 'easyflow-jwt') {
  /** @param clock that of the issuer, the database's: it says when a token expires */
  constructor(
    jwks: Jwks,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    super({
      // By `validate`: the library knows only the clock of this machine.
      ignoreExpiration: true,
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      algorithms: [accessToken.algorithm],
      issuer: accessToken.issuer,
      audience: accessToken.audience,
      secretOrKeyProvider: (_request, token: string, done) => {
        jwks.key(kidOf(token)).then(
          // jsonwebtoken takes key objects; the types of passport-jwt know only their PEM text.
          (key) => done(null, key.export({ type: 'spki', format: 'pem' }).toString()),
          (error: unknown) => done(error),
        );
      },
    });
  }

  validate(claims: AccessTokenClaims): AccessTokenClaims | false {
    return typeof claims.exp === 'number' && claims.exp * 1_000 > this.clock.now() && claims;
  }
}

function kidOf(token: string): unknown {
  const header = Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString('utf8');
  try {
    const parsed: unknown = JSON.parse(header);
    return typeof parsed === 'object' && parsed !== null && 'kid' in parsed
      ? parsed.kid
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
