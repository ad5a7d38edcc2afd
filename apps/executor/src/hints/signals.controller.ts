import type { ExecutionsSignalled } from '@easyflow/contracts-events';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Executor } from '../executor';

/** A cancellation has committed: the executor that has the execution in memory reads it now, not at its next look. */
@Controller()
export class SignalsController {
  constructor(private readonly executor: Executor) {}

  @EventPattern('execution.signalled')
  signalled(@Payload() { pairs }: ExecutionsSignalled): void {
    this.executor.signalled(pairs);
  }
}
