import { UserError } from '@easyflow/kernel-errors';
import type { RateLimiter } from '@easyflow/platform-limiter';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import type { AuthenticatedRequest } from './access';

/**
 * A refusal is answered this late. Whoever floods sends the next request when the last is answered: refusing costs a
 * tenth of a millisecond of the one thread that serves everybody, and 64 connections filled it.
 */
export const REFUSAL_DELAY_MS = 100;

/** Refusals held back at a time; more are answered at once. */
export const MOST_HELD = 2_000;

/** Holds every tenant to its own rate. A tenant without a rate in its limits has none. */
export class RateLimitGuard implements CanActivate {
  private held = 0;

  constructor(private readonly limiter: RateLimiter) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const perSecond = principal?.caller.limits.requestsPerSecond;
    if (!principal || perSecond === undefined) return true;
    const { allowed, retryAfterMs } = await this.limiter.take(principal.tenantId, perSecond);
    if (allowed) return true;
    await this.holdBack();
    throw new UserError(
      'rate.exceeded',
      `This tenant may make ${perSecond} requests a second; slow down`,
      { status: 429, retryAfterSeconds: retryAfterMs / 1_000 },
    );
  }

  private async holdBack(): Promise<void> {
    if (this.held >= MOST_HELD) return;
    this.held += 1;
    await pause(REFUSAL_DELAY_MS);
    this.held -= 1;
  }
}
