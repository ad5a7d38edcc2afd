import { Controller, Get, Inject } from '@nestjs/common';
import { OperationalError } from '@easyflow/kernel-errors';
import { IssuerCore } from '@easyflow/tenant-context';
import { READINESS, type Readiness } from './readiness';

@Controller()
export class HealthController {
  constructor(
    @Inject(IssuerCore) private readonly core: IssuerCore,
    @Inject(READINESS) private readonly readiness: Readiness,
  ) {}

  @Get('healthz')
  health(): { status: string } {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(): Promise<{ status: string }> {
    if (!(await this.readiness())) {
      throw new OperationalError('database.unavailable', 'The database does not answer');
    }
    return { status: 'ready' };
  }

  /** Public keys are public. */
  @Get('.well-known/jwks.json')
  jwks(): ReturnType<IssuerCore['jwks']> {
    return this.core.jwks();
  }
}
