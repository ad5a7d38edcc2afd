import type { ControlRequest } from '@easyflow/contracts-events';
import { Controller, Inject } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { RequestHandler } from './request-handler';

/** Control requests to the registry: returning means that the reply is in the request's row. */
@Controller()
export class RequestsController {
  constructor(@Inject(RequestHandler) private readonly handler: RequestHandler) {}

  @MessagePattern('flow.apply')
  async apply(@Payload() request: ControlRequest): Promise<void> {
    await this.handler.handle('flow.apply', request);
  }

  @MessagePattern('flow.activate')
  async activate(@Payload() request: ControlRequest): Promise<void> {
    await this.handler.handle('flow.activate', request);
  }
}
