import { Module, type DynamicModule } from '@nestjs/common';
import { Executor } from './executor';
import { HintsController } from './hints/hints.controller';

/** Routes messages to an executor. */
@Module({})
export class ExecutorModule {
  static with(executor: Executor): DynamicModule {
    return {
      module: ExecutorModule,
      controllers: [HintsController],
      providers: [{ provide: Executor, useValue: executor }],
    };
  }
}
