import { usageQuerySchema, type Usage } from '@easyflow/contracts-http';
import { Controller, Get, Inject, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { CallerPrincipal } from '../authentication/access';
import type { Principal } from '../authentication/principal';
import { readQuery } from '../http/request-body';
import { UsageRepository } from './usage.repository';

const DAY_MS = 86_400_000;

@Controller('/v1/usage')
export class UsageController {
  constructor(@Inject(UsageRepository) private readonly usage: UsageRepository) {}

  @Get()
  async read(
    @CallerPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
  ): Promise<Usage> {
    const query = readQuery(request, usageQuerySchema);
    const to = query.to === undefined ? new Date() : new Date(query.to);
    const from =
      query.from === undefined ? new Date(to.getTime() - 30 * DAY_MS) : new Date(query.from);
    return { items: await this.usage.read(principal.token('ef_api'), from, to) };
  }
}
