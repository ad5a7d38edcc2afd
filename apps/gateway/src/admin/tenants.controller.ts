import {
  createTenantRequestSchema,
  pageLimit,
  pageQuerySchema,
  type CreatedTenant,
  type CreateTenantRequest,
  type Tenant,
} from '@easyflow/contracts-http';
import type { IssuerPort, NewTenant } from '@easyflow/tenant-context';
import { Controller, Get, Inject, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Access, AdminKey } from '../authentication/access';
import { readJsonBody, readQuery } from '../http/request-body';
import { ISSUER } from '../tokens';
import { TenantTopics } from './tenant-topics';

/** The admin key earns only the issuer's named functions, never a tenant's token. */
@Controller('/v1/admin/tenants')
@Access('admin')
export class TenantsController {
  constructor(
    @Inject(ISSUER) private readonly issuer: Pick<IssuerPort, 'createTenant' | 'listTenants'>,
    @Inject(TenantTopics) private readonly topics: TenantTopics,
  ) {}

  @Post()
  async create(
    @AdminKey() adminKey: string,
    @Req() request: FastifyRequest,
  ): Promise<CreatedTenant> {
    const { value } = readJsonBody(request, createTenantRequestSchema, { optional: true });
    const { id, name, apiKey, login } = await this.issuer.createTenant(adminKey, newTenant(value));
    await this.topics.announce(id);
    return { id, name, apiKey, login };
  }

  @Get()
  async list(
    @AdminKey() adminKey: string,
    @Req() request: FastifyRequest,
  ): Promise<{ items: Tenant[]; nextCursor?: string }> {
    const { limit = pageLimit.default, cursor } = readQuery(request, pageQuerySchema);
    const page = await this.issuer.listTenants(adminKey, {
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const items = page.items.map(({ id, name, placement, status, createdAt }) => ({
      id,
      name,
      placement,
      status,
      createdAt,
    }));
    return { items, ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor }) };
  }
}

/** Limits that are not named get the installation's defaults, which the issuer knows. */
function newTenant({ name, limits }: CreateTenantRequest): NewTenant {
  const { requestsPerSecond, concurrentExecutions } = limits ?? {};
  return {
    ...(name === undefined ? {} : { name }),
    ...(limits
      ? {
          limits: {
            ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
            ...(concurrentExecutions === undefined ? {} : { concurrentExecutions }),
          },
        }
      : {}),
  };
}
