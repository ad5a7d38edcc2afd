import { Controller } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { Executor } from '../executor';

/** "There is work": one claim for all hints of a batch. Its offsets commit after the claim. */
@Controller()
export class HintsController {
  constructor(private readonly executor: Executor) {}

  @EventPattern('hint', undefined, { batch: true })
  async hinted(): Promise<void> {
    await this.executor.hinted();
  }
}
