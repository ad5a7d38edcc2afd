import { OperationalError, UserError } from '@easyflow/kernel-errors';
import { AuthGuard } from '@nestjs/passport';
import type { ExecutionContext } from '@nestjs/common';
import type { AccessTokenClaims } from './jwt.strategy';

/** Runs the JWT strategy on a request and tells when the token expires. */
export class JwtGuard extends AuthGuard('easyflow-jwt') {
  /**
   * Milliseconds since the epoch at which the request's access token expires.
   * @throws UserError `auth.invalid_credentials`; OperationalError `issuer.unavailable`
   */
  async expiryOf(context: ExecutionContext): Promise<number> {
    await this.canActivate(context);
    const { user } = context.switchToHttp().getRequest<{ user: AccessTokenClaims }>();
    return user.exp * 1_000;
  }

  /** Passport hands failures over as `info`, errors as `error`. */
  override handleRequest<T>(error: unknown, user: T | false, info: unknown): T {
    const reason = error ?? info;
    if (reason instanceof OperationalError) throw reason;
    if (user) return user;
    throw new UserError(
      'auth.invalid_credentials',
      'The access token is not valid or has expired; log in again',
      { status: 401, cause: reason },
    );
  }
}
