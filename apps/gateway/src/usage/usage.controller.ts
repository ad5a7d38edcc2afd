import { usageQuerySchema, type Usage } from '@easyflow/contracts-http';
import type { Clock } from '@easyflow/kernel-time';
import { Controller, Get, Inject, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CallerPrincipal } from '../authentication/access';
import type { Principal } from '../authentication/principal';
import { readQuery } from '../http/request-body';
import { CLOCK } from '../tokens';
import { usageRange } from './usage-range';
import { UsageRepository } from './usage.repository';

@Controller('/v1/usage')
export class UsageController {
  constructor(
    @Inject(UsageRepository) private readonly usage: UsageRepository,
    @Inject(CLOCK) private readonly clock: Pick<Clock, 'now'>,
  ) {}

  @Get()
  async read(
    @CallerPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
  ): Promise<Usage> {
    const query = readQuery(request, usageQuerySchema);
    const { from, to } = usageRange(query, this.clock.now());
    return { items: await this.usage.read(principal.token('ef_api'), from, to) };
  }
}
