import type { RotatedTokenKeys } from '@easyflow/contracts-http';
import { formatTime, type Clock } from '@easyflow/kernel-time';
import type { IssuerPort } from '@easyflow/tenant-context';
import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { Access, AdminKey } from '../authentication/access';
import { CLOCK, ISSUER } from '../tokens';

/** The keys of database tokens. The issuer replaces them by itself; an operator does when one may be known. */
@Controller('/v1/admin/token-keys')
@Access('admin')
export class TokenKeysController {
  constructor(
    @Inject(ISSUER) private readonly issuer: Pick<IssuerPort, 'rotateTokenKeys'>,
    @Inject(CLOCK) private readonly clock: Pick<Clock, 'now'>,
  ) {}

  @Post('/rotate')
  @HttpCode(200)
  async rotate(@AdminKey() adminKey: string): Promise<RotatedTokenKeys> {
    await this.issuer.rotateTokenKeys(adminKey);
    return { rotatedAt: formatTime(this.clock.now()) };
  }
}
