import { Module, type DynamicModule } from '@nestjs/common';
import { NoticesController } from './notices/notices.controller';
import { Scheduler } from './scheduler';

/** Routes notices to a scheduler. */
@Module({})
export class SchedulerModule {
  static with(scheduler: Scheduler): DynamicModule {
    return {
      module: SchedulerModule,
      controllers: [NoticesController],
      providers: [{ provide: Scheduler, useValue: scheduler }],
    };
  }
}
