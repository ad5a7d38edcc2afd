import type { ControlRequest, ServiceName } from '@easyflow/contracts-events';
import { UnexpectedError } from '@easyflow/kernel-errors';
import { TransportContext } from '@easyflow/platform-messaging';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { RequestHandler } from './request-handler';

/** Control requests to the registry: returning means that the reply is in the request's row. */
@Controller()
export class RequestsController {
  constructor(@Inject(RequestHandler) private readonly handler: RequestHandler) {}

  @MessagePattern('flow.apply')
  async apply(@Payload() request: ControlRequest, @Ctx() context: TransportContext): Promise<void> {
    await this.handler.handle('flow.apply', request, senderOf(context));
  }

  @MessagePattern('flow.activate')
  async activate(
    @Payload() request: ControlRequest,
    @Ctx() context: TransportContext,
  ): Promise<void> {
    await this.handler.handle('flow.activate', request, senderOf(context));
  }
}

/** A request is handed over by itself. */
function senderOf({ records }: TransportContext): ServiceName {
  const [request] = records;
  if (!request) throw new UnexpectedError('registry.no_record', 'A request came without a record');
  return request.claims.sender;
}
