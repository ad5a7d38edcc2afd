import type { ExecutionsEnded, FlowActivated } from '@easyflow/contracts-events';
import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { FlowCache } from '../flows/flow-cache';
import { WaitRegistry } from '../results/wait-registry';

/** What the gateway hears. A message only says where to look: nothing of it is shown or stored. */
@Controller()
export class MessagesController {
  constructor(
    @Inject(WaitRegistry) private readonly waits: WaitRegistry,
    @Inject(FlowCache) private readonly flowCache: FlowCache,
  ) {}

  @EventPattern('execution.ended')
  executionsEnded(@Payload() { pairs }: ExecutionsEnded): void {
    this.waits.look(pairs);
  }

  @EventPattern('flow.activated')
  flowActivated(@Payload() { tenantId, namespace, name }: FlowActivated): void {
    this.flowCache.forget(tenantId, { namespace, name });
  }
}
