import type { ExecutionsEnded, FlowActivated } from '@easyflow/contracts-events';
import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { ProgramCache } from '../flows/program-cache';
import { WaitRegistry } from '../results/wait-registry';

/** What the gateway hears. A message only says where to look: nothing of it is shown or stored. */
@Controller()
export class MessagesController {
  constructor(
    @Inject(WaitRegistry) private readonly waits: WaitRegistry,
    @Inject(ProgramCache) private readonly programs: ProgramCache,
  ) {}

  @EventPattern('execution.ended')
  executionsEnded(@Payload() { pairs }: ExecutionsEnded): void {
    this.waits.look(pairs);
  }

  @EventPattern('flow.activated')
  flowActivated(@Payload() { tenantId, namespace, name }: FlowActivated): void {
    this.programs.forget(tenantId, { namespace, name });
  }
}
