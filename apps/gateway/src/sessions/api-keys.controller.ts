import type { CreatedApiKey } from '@easyflow/contracts-http';
import type { IssuerPort } from '@easyflow/tenant-context';
import { Controller, Inject, Post } from '@nestjs/common';
import { CallerPrincipal } from '../authentication/access';
import type { Principal } from '../authentication/principal';
import { ISSUER } from '../tokens';

/** A tenant makes its own further keys: the issuer verifies the credential for each. */
@Controller('/v1/api-keys')
export class ApiKeysController {
  constructor(@Inject(ISSUER) private readonly issuer: Pick<IssuerPort, 'createKey'>) {}

  @Post()
  create(@CallerPrincipal() principal: Principal): Promise<CreatedApiKey> {
    return this.issuer.createKey(principal.credential);
  }
}
