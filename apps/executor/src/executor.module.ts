import { Module, type DynamicModule } from '@nestjs/common';
import { TransportStrategy } from '@easyflow/platform-messaging';
import { Executor } from './executor';
import { HintsController } from './hints/hints.controller';
import { NewTenantsController } from './hints/new-tenants.controller';
import { SignalsController } from './hints/signals.controller';

/** Routes messages to an executor. */
@Module({})
export class ExecutorModule {
  static with(executor: Executor, strategy: TransportStrategy): DynamicModule {
    return {
      module: ExecutorModule,
      controllers: [HintsController, NewTenantsController, SignalsController],
      providers: [
        { provide: Executor, useValue: executor },
        { provide: TransportStrategy, useValue: strategy },
      ],
    };
  }
}
