import { openApiDocument, type Readiness } from '@easyflow/contracts-http';
import { Controller, Get, Header, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Access } from '../authentication/access';
import { STATUS_PAGE_POLICY, statusPage } from './status-page';
import { StatusSource } from './status-source';

const OPENAPI = JSON.stringify(openApiDocument());

/** What needs no credential and tells nothing of any tenant. */
@Controller()
@Access('none')
export class StatusController {
  constructor(@Inject(StatusSource) private readonly source: StatusSource) {}

  @Get('/')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', STATUS_PAGE_POLICY)
  @Header('x-content-type-options', 'nosniff')
  @Header('referrer-policy', 'no-referrer')
  @Header('cache-control', 'no-store')
  async page(): Promise<string> {
    return statusPage(await this.source.parts());
  }

  @Get('/healthz')
  health(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('/readyz')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const checks = await this.source.readiness();
    const ready = Object.values(checks).every(Boolean);
    if (!ready) reply.code(503).header('retry-after', '1');
    return { status: ready ? 'ready' : 'not ready', checks };
  }

  @Get('/openapi.json')
  @Header('content-type', 'application/json; charset=utf-8')
  openApi(): string {
    return OPENAPI;
  }
}
