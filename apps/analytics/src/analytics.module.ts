import {
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';

/** What runs beside the application. */
export interface Worker {
  start(): void;
  close(): Promise<void>;
}

/** Runs the workers for as long as the application lives. */
class WorkerLifetime implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(private readonly workers: readonly Worker[]) {}

  onApplicationBootstrap(): void {
    for (const worker of this.workers) worker.start();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.close()));
  }
}

@Module({})
export class AnalyticsModule {
  static with(workers: readonly Worker[]): DynamicModule {
    return {
      module: AnalyticsModule,
      providers: [{ provide: WorkerLifetime, useFactory: () => new WorkerLifetime(workers) }],
    };
  }
}
