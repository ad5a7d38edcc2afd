import { problemMediaType } from '@easyflow/contracts-http';
import { problemAnswer } from '@easyflow/platform-http';
import type { Logger } from '@easyflow/platform-telemetry';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requestsRefused } from '../gateway-metrics';
import { traceIdOf } from './trace-id';

/** The one filter: whatever is thrown leaves as RFC 9457. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const traceId = traceIdOf(request.headers);
    const { status, headers, problem, unexpected } = problemAnswer(error, traceId);
    requestsRefused.add(1, { 'error.type': problem.code });
    if (unexpected) {
      this.logger.error({ err: error, traceId }, 'a request failed for a reason nobody foresaw');
    } else if (status >= 500) {
      this.logger.warn({ err: error, traceId }, 'a request could not be served');
    }
    // Bytes: to text Fastify would add a charset, which JSON media types do not have.
    const body = Buffer.from(JSON.stringify(problem));
    void reply.status(status).headers(headers).type(problemMediaType).send(body);
  }
}
