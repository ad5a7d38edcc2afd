import type { ApiKey, ApiKeyList, Tenant } from '@easyflow/contracts-http';
import type { IssuerPort } from '@easyflow/tenant-context';
import { Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { Access, AdminKey } from '../authentication/access';
import { ISSUER } from '../tokens';

type Issuer = Pick<IssuerPort, 'suspendTenant' | 'listKeys' | 'revokeKey'>;

/**
 * What an operator does with one tenant: stops it, lets it go on, ends its API keys. Not: makes one. The admin key never
 * opens a tenant's data.
 */
@Controller('/v1/admin/tenants')
@Access('admin')
export class TenantStatesController {
  constructor(@Inject(ISSUER) private readonly issuer: Issuer) {}

  @Post('/:id/suspend')
  @HttpCode(200)
  suspend(@AdminKey() adminKey: string, @Param('id') id: string): Promise<Tenant> {
    return this.issuer.suspendTenant(adminKey, id, true);
  }

  @Post('/:id/resume')
  @HttpCode(200)
  resume(@AdminKey() adminKey: string, @Param('id') id: string): Promise<Tenant> {
    return this.issuer.suspendTenant(adminKey, id, false);
  }

  @Get('/:id/api-keys')
  async keys(@AdminKey() adminKey: string, @Param('id') id: string): Promise<ApiKeyList> {
    return { items: await this.issuer.listKeys(adminKey, id) };
  }

  @Post('/:id/api-keys/:keyId/revoke')
  @HttpCode(200)
  revokeKey(
    @AdminKey() adminKey: string,
    @Param('id') id: string,
    @Param('keyId') keyId: string,
  ): Promise<ApiKey> {
    return this.issuer.revokeKey(adminKey, id, keyId);
  }
}
