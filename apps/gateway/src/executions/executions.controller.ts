import {
  historyLimit,
  historyQuerySchema,
  listExecutionsQuerySchema,
  pageLimit,
} from '@easyflow/contracts-http';
import { Controller, Get, Header, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { HintSender } from '../acceptance/hint-sender';
import { CallerPrincipal } from '../authentication/access';
import type { Principal } from '../authentication/principal';
import { readCursor, writeCursor } from '../http/cursor';
import { readQuery } from '../http/request-body';
import { executionJson, executionSummaryJson } from './execution-answer';
import { ExecutionRepository } from './execution.repository';
import { SignalNotices } from './signal-notices';

const JSON_TYPE = 'application/json; charset=utf-8';
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reading, cancelling and resuming executions. */
@Controller('/v1/executions')
export class ExecutionsController {
  constructor(
    @Inject(ExecutionRepository) private readonly executions: ExecutionRepository,
    @Inject(HintSender) private readonly hints: HintSender,
    @Inject(SignalNotices) private readonly notices: SignalNotices,
  ) {}

  @Get()
  @Header('content-type', JSON_TYPE)
  async list(
    @CallerPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
  ): Promise<string> {
    const query = readQuery(request, listExecutionsQuerySchema);
    const limit = query.limit ?? pageLimit.default;
    const [namespace, name] = query.flow?.split('/') ?? [];
    const rows = await this.executions.list(principal.token('ef_api'), {
      before: query.cursor === undefined ? undefined : readCursor(query.cursor, [ID])[0],
      flow: namespace !== undefined && name !== undefined ? { namespace, name } : undefined,
      status: query.status,
      // One more than asked for tells whether there is a next page.
      limit: limit + 1,
    });
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    const next = last ? `,"nextCursor":${JSON.stringify(writeCursor([last.id]))}` : '';
    return `{"items":[${page.map(executionSummaryJson).join(',')}]${next}}`;
  }

  @Get(':id')
  @Header('content-type', JSON_TYPE)
  async get(@CallerPrincipal() principal: Principal, @Param('id') id: string): Promise<string> {
    return executionJson(await this.executions.get(principal.token('ef_api'), id));
  }

  @Get(':id/history')
  @Header('content-type', JSON_TYPE)
  async history(
    @CallerPrincipal() principal: Principal,
    @Param('id') id: string,
    @Req() request: FastifyRequest,
  ): Promise<string> {
    const { after = 0, limit = historyLimit } = readQuery(request, historyQuerySchema);
    return this.executions.history(principal.token('ef_api'), id, { after, limit });
  }

  @Post(':id/cancel')
  @HttpCode(202)
  @Header('content-type', JSON_TYPE)
  async cancel(@CallerPrincipal() principal: Principal, @Param('id') id: string): Promise<string> {
    const token = principal.token('ef_api');
    const row = await this.executions.cancel(token, id);
    this.hints.hint([token]);
    this.notices.signalled(token.tenantId, id);
    return executionJson(row);
  }

  @Post(':id/resume')
  @HttpCode(202)
  @Header('content-type', JSON_TYPE)
  async resume(@CallerPrincipal() principal: Principal, @Param('id') id: string): Promise<string> {
    const token = principal.token('ef_api');
    const row = await this.executions.resume(token, id);
    this.hints.hint([token]);
    return executionJson(row);
  }
}
