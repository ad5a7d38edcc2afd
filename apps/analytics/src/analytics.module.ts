import {
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { RollupWorker } from './rollup/rollup-worker';

/** Runs the worker for as long as the application lives. */
class RollupLifetime implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(private readonly worker: RollupWorker) {}

  onApplicationBootstrap(): void {
    this.worker.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.worker.close();
  }
}

@Module({})
export class AnalyticsModule {
  static with(worker: RollupWorker): DynamicModule {
    return {
      module: AnalyticsModule,
      providers: [
        { provide: RollupWorker, useValue: worker },
        { provide: RollupLifetime, useFactory: () => new RollupLifetime(worker) },
      ],
    };
  }
}
