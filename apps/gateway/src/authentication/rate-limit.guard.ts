import { UserError } from '@easyflow/kernel-errors';
import type { RateLimiter } from '@easyflow/platform-limiter';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { AuthenticatedRequest } from './access';
import type { HeldRefusals } from './held-refusals';

/** Holds every tenant to its own rate. A tenant without a rate in its limits has none. */
export class RateLimitGuard implements CanActivate {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly refusals: HeldRefusals,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const perSecond = principal?.caller.limits.requestsPerSecond;
    if (!principal || perSecond === undefined) return true;
    const { allowed, retryAfterMs } = await this.limiter.take(principal.tenantId, perSecond);
    if (allowed) return true;
    await this.refusals.hold();
    throw new UserError(
      'rate.exceeded',
      `This tenant may make ${perSecond} requests a second; slow down`,
      { status: 429, retryAfterSeconds: retryAfterMs / 1_000 },
    );
  }
}
