import { tenantEventsTopic, type TenantCreated } from '@easyflow/contracts-events';
import { TransportStrategy } from '@easyflow/platform-messaging';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';

/** A tenant's topic is read from the moment it is announced, not from the next look at all topics. */
@Controller()
export class NewTenantsController {
  constructor(private readonly strategy: TransportStrategy) {}

  @EventPattern('tenant.created')
  async created(@Payload() { tenantId }: TenantCreated): Promise<void> {
    await this.strategy.notice(tenantEventsTopic(tenantId));
  }
}
