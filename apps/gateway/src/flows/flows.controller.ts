import {
  applyFlowQuerySchema,
  documentMediaTypes,
  flowNamePattern,
  pageLimit,
  pageQuerySchema,
  type FlowVersion,
} from '@easyflow/contracts-http';
import { readText } from '@easyflow/platform-http';
import { Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { stringify } from 'yaml';
import { CallerPrincipal } from '../authentication/access';
import type { Principal } from '../authentication/principal';
import { readCursor, writeCursor } from '../http/cursor';
import { bodyBytes, readQuery, requireMediaType } from '../http/request-body';
import { chosenMediaType } from './document-media-type';
import { flowOf, refuseNoVersion } from './flow-name';
import { FlowRepository } from './flow.repository';
import { FlowCache } from './flow-cache';
import { RegistryClient, type AppliedFlow } from './registry-client';

interface Page {
  items: FlowVersion[];
  nextCursor?: string;
}

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Flows: written by the flow-registry, read here. */
@Controller('/v1/flows')
export class FlowsController {
  constructor(
    @Inject(FlowRepository) private readonly flows: FlowRepository,
    @Inject(RegistryClient) private readonly registry: RegistryClient,
    @Inject(FlowCache) private readonly flowCache: FlowCache,
  ) {}

  @Post()
  async apply(
    @CallerPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FlowVersion> {
    const mediaType = requireMediaType(request, documentMediaTypes);
    const { activate } = readQuery(request, applyFlowQuerySchema);
    const applied = await this.registry.apply(principal, {
      source: readText(bodyBytes(request)),
      mediaType,
      activate: activate !== 'false',
    });
    this.flowCache.forget(principal.tenantId, applied);
    reply.code(applied.created ? 201 : 200);
    return itemOf(applied);
  }

  @Get()
  async list(
    @CallerPrincipal() principal: Principal,
    @Req() request: FastifyRequest,
  ): Promise<Page> {
    const { limit = pageLimit.default, cursor } = readQuery(request, pageQuerySchema);
    const [namespace = '', name = ''] =
      cursor === undefined ? [] : readCursor(cursor, [flowNamePattern, flowNamePattern]);
    const found = await this.flows.listActive(
      principal.token('ef_api'),
      { namespace, name },
      limit + 1,
    );
    const items = found.slice(0, limit);
    const last = found.length > limit ? items.at(-1) : undefined;
    return { items, ...(last ? { nextCursor: writeCursor([last.namespace, last.name]) } : {}) };
  }

  @Get(':namespace/:name')
  async get(
    @CallerPrincipal() principal: Principal,
    @Param('namespace') namespace: string,
    @Param('name') name: string,
  ): Promise<FlowVersion> {
    const flow = flowOf(namespace, name);
    const token = principal.token('ef_api');
    return this.flows.version(token, flow, await this.flows.active(token, flow));
  }

  @Get(':namespace/:name/versions')
  async versions(
    @CallerPrincipal() principal: Principal,
    @Param('namespace') namespace: string,
    @Param('name') name: string,
    @Req() request: FastifyRequest,
  ): Promise<Page> {
    const flow = flowOf(namespace, name);
    const { limit = pageLimit.max, cursor } = readQuery(request, pageQuerySchema);
    const before = cursor === undefined ? undefined : readCursor(cursor, [ID])[0];
    const token = principal.token('ef_api');
    const found = await this.flows.listVersions(token, flow, before, limit + 1);
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return {
      items: page.map(({ item }) => item),
      ...(last ? { nextCursor: writeCursor([last.id]) } : {}),
    };
  }

  @Get(':namespace/:name/versions/:version')
  async document(
    @CallerPrincipal() principal: Principal,
    @Param('namespace') namespace: string,
    @Param('name') name: string,
    @Param('version') version: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const flow = flowOf(namespace, name);
    refuseNoVersion(flow, version);
    const stored = await this.flows.document(principal.token('ef_api'), flow, version);
    const applied =
      documentMediaTypes.find((type) => type === stored.mediaType) ?? 'application/json';
    const chosen = chosenMediaType(request.headers.accept, applied);
    reply.header('content-type', `${chosen}; charset=utf-8`).header('vary', 'accept');
    if (chosen === applied) return stored.source;
    return chosen === 'application/json' ? stored.document : yamlOf(stored.document);
  }

  @Post(':namespace/:name/versions/:version/activate')
  @HttpCode(200)
  async activate(
    @CallerPrincipal() principal: Principal,
    @Param('namespace') namespace: string,
    @Param('name') name: string,
    @Param('version') version: string,
  ): Promise<FlowVersion> {
    const flow = flowOf(namespace, name);
    refuseNoVersion(flow, version);
    const applied = await this.registry.activate(principal, { ...flow, version });
    this.flowCache.forget(principal.tenantId, flow);
    return itemOf(applied);
  }
}

/** Longer documents stay in JSON, which is YAML too: writing half a megabyte in lines would hold the process for 1.7 s. */
const WRITTEN_IN_LINES = 8_000;

function yamlOf(json: string): string {
  return json.length > WRITTEN_IN_LINES ? json : stringify(JSON.parse(json));
}

function itemOf({ namespace, name, version, active, createdAt }: AppliedFlow): FlowVersion {
  return { namespace, name, version, active, createdAt };
}
