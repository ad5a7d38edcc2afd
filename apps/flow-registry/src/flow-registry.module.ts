import { Module, type DynamicModule } from '@nestjs/common';
import { RequestHandler } from './requests/request-handler';
import { RequestsController } from './requests/requests.controller';

@Module({})
export class FlowRegistryModule {
  static with(handler: RequestHandler): DynamicModule {
    return {
      module: FlowRegistryModule,
      controllers: [RequestsController],
      providers: [{ provide: RequestHandler, useValue: handler }],
    };
  }
}
