import { OperationalError, UserError } from '@easyflow/kernel-errors';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { AuthenticatedRequest } from '../authentication/access';
import { addressGroup } from './client-address';
import { readBody } from './read-body';

/** Of a request that needs no credential: an email and a password. */
const OPEN_BODY_BYTES = 65_536;

/** Bytes of bodies that are on their way, of one tenant (or of one address without a tenant) and of all. */
export const BODIES_HELD = { each: 33_554_432, all: 268_435_456 } as const;

/**
 * Reads the body once the guards before this one have let the request pass; a guard, because guards run before
 * everything that looks at the body, and an interceptor costs every request. What a tenant sends at a time is bounded:
 * a body that does not end holds what has come of it.
 */
export class BodyReader implements CanActivate {
  private readonly held = new Map<string, number>();
  private heldByAll = 0;

  constructor(private readonly maxBodyBytes: number) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<AuthenticatedRequest>();
    // What the parser leaves of a request that has a body.
    if (request.body !== request.raw) return true;
    return this.read(request, http.getResponse<FastifyReply>());
  }

  private async read(request: AuthenticatedRequest, reply: FastifyReply): Promise<boolean> {
    const { principal, adminKey } = request;
    const sender = principal?.tenantId ?? addressGroup(request.ip);
    const isKnown = principal !== undefined || adminKey !== undefined;
    const limit = isKnown ? this.maxBodyBytes : Math.min(OPEN_BODY_BYTES, this.maxBodyBytes);
    let taken = 0;
    if (request.headers.expect?.toLowerCase() === '100-continue') reply.raw.writeContinue();
    try {
      request.body = await readBody(request.raw, limit, (bytes) => {
        taken += bytes;
        return this.take(sender, bytes);
      });
    } finally {
      this.give(sender, taken);
    }
    return true;
  }

  private take(sender: string, bytes: number): Error | undefined {
    const own = (this.held.get(sender) ?? 0) + bytes;
    this.held.set(sender, own);
    this.heldByAll += bytes;
    if (own > BODIES_HELD.each) {
      return new UserError(
        'rate.exceeded',
        'The bodies that are being sent are too large together; send fewer at a time',
        { status: 429, retryAfterSeconds: 1 },
      );
    }
    if (this.heldByAll <= BODIES_HELD.all) return undefined;
    return new OperationalError('service.unavailable', 'Too many bodies are being sent');
  }

  private give(sender: string, bytes: number): void {
    const left = (this.held.get(sender) ?? 0) - bytes;
    if (left > 0) this.held.set(sender, left);
    else this.held.delete(sender);
    this.heldByAll -= bytes;
  }
}
