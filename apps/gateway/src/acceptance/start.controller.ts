import {
  startExecutionAliasSchema,
  startExecutionSchema,
  type StartExecution,
} from '@easyflow/contracts-http';
import { currentTraceparent, parseTraceparent } from '@easyflow/platform-telemetry';
import { Controller, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CallerPrincipal } from '../authentication/access';
import type { Principal } from '../authentication/principal';
import { flowOf, refuseNoVersion } from '../flows/flow-name';
import type { FlowName } from '../flows/flow.repository';
import { idempotencyKey } from '../http/idempotency-key';
import { preferredWait } from '../http/prefer';
import { readJsonBody } from '../http/request-body';
import { AcceptanceService, type Started } from './acceptance.service';

const JSON_TYPE = 'application/json; charset=utf-8';

/** Starting executions. Answers are written by hand: outputs are JSON text that is passed on as it is. */
@Controller()
export class StartController {
  constructor(@Inject(AcceptanceService) private readonly acceptance: AcceptanceService) {}

  @Post('/v1/flows/:namespace/:name/executions')
  @HttpCode(202)
  async start(
    @CallerPrincipal() principal: Principal,
    @Param('namespace') namespace: string,
    @Param('name') name: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const flow = flowOf(namespace, name);
    const { raw, value } = readJsonBody(request, startExecutionSchema, { optional: true });
    return this.answer(principal, flow, raw, value, request, reply);
  }

  @Post('/workflows/execute')
  @HttpCode(202)
  async execute(
    @CallerPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const { raw, value } = readJsonBody(request, startExecutionAliasSchema);
    const { flow, ...body } = value;
    const rest: unknown = { ...(raw as object), flow: undefined };
    return this.answer(principal, flowOf(flow.namespace, flow.name), rest, body, request, reply);
  }

  private async answer(
    principal: Principal,
    flow: FlowName,
    raw: unknown,
    body: StartExecution,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<string> {
    if (body.version !== undefined) refuseNoVersion(flow, body.version);
    const { headers } = request;
    const wait = preferredWait(textOf(headers.prefer));
    const started = await this.acceptance.start({
      principal,
      flow,
      raw,
      body,
      idempotencyKey: idempotencyKey(headers['idempotency-key']),
      wait,
      traceParent: traceParentOf(textOf(headers.traceparent)),
    });
    if (wait !== undefined) reply.header('preference-applied', `wait=${wait}`);
    reply.header('content-type', JSON_TYPE);
    if (started.kind === 'ended') reply.code(200);
    else reply.header('location', `/v1/executions/${started.id}`);
    return bodyOf(started);
  }
}

function bodyOf(started: Started): string {
  if (started.kind === 'accepted') {
    const { id, status, dispatch } = started;
    return `{"id":"${id}","status":"${status}","dispatch":"${dispatch}"}`;
  }
  const { id, result } = started;
  const output = result.output === undefined ? '' : `,"output":${result.output}`;
  const error = result.error === undefined ? '' : `,"error":${result.error}`;
  return `{"id":"${id}","status":"${result.status}"${output}${error}}`;
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}

/** The span of this request, else the caller's trace. */
function traceParentOf(header: string | undefined): string | undefined {
  return currentTraceparent() ?? (parseTraceparent(header) ? header : undefined);
}
