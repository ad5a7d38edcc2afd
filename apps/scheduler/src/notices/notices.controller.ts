import { Controller } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { Scheduler } from '../scheduler';

/** A version has become active: its schedule may be due before the next look. */
@Controller()
export class NoticesController {
  constructor(private readonly scheduler: Scheduler) {}

  @EventPattern<string>('flow.activated')
  activated(): Promise<void> {
    return this.scheduler.nudge();
  }
}
