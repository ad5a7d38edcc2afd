import { Controller, Headers, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import type { RawBodyRequest } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { UserError } from '@easyflow/kernel-errors';
import { AssertionVerifier, IssuerCore } from '@easyflow/tenant-context';
import { OPERATIONS } from './operations';

/** Every operation is a POST that the calling workload signed: `Authorization: Bearer <assertion>`. */
@Controller('v1')
export class OperationsController {
  constructor(
    @Inject(IssuerCore) private readonly core: IssuerCore,
    @Inject(AssertionVerifier) private readonly assertions: AssertionVerifier,
  ) {}

  @Post(':operation')
  @HttpCode(200)
  async run(
    @Param('operation') name: string,
    @Headers('authorization') authorization: string | undefined,
    @Req() request: RawBodyRequest<FastifyRequest>,
  ): Promise<unknown> {
    const [scheme, assertion = ''] = (authorization ?? '').split(' ');
    const body = request.rawBody?.toString('utf8') ?? '';
    // Before anything else, so that a stranger learns not even which operations there are.
    const workload = await this.assertions.verify(scheme === 'Bearer' ? assertion : '', name, body);
    if (!Object.hasOwn(OPERATIONS, name)) {
      throw new UserError('route.unknown', 'There is no such operation', { status: 404 });
    }
    return OPERATIONS[name as keyof typeof OPERATIONS](this.core, workload, request.body);
  }
}
