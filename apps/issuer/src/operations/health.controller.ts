import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { IssuerCore } from '@easyflow/tenant-context';
import { READINESS, type Readiness } from './readiness';

@Controller()
export class HealthController {
  constructor(
    @Inject(IssuerCore) private readonly core: IssuerCore,
    @Inject(READINESS) private readonly readiness: Readiness,
  ) {}

  @Get('healthz')
  health(): { status: string } {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ status: string; checks: Readonly<Record<string, boolean>> }> {
    const checks = await this.readiness();
    const ready = Object.values(checks).every(Boolean);
    if (!ready) reply.status(503);
    return { status: ready ? 'ready' : 'not ready', checks };
  }

  /** Public keys are public. */
  @Get('.well-known/jwks.json')
  jwks(): ReturnType<IssuerCore['jwks']> {
    return this.core.jwks();
  }
}
