import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ZodError } from 'zod';
import { EasyFlowError, OperationalError, UserError } from '@easyflow/kernel-errors';
import type { IssuerProblem } from '@easyflow/tenant-context';

/** Answers errors in the form `HttpIssuer` reads; no stack, SQL or credential leaves the process. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly unexpected: (error: unknown) => void) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const problem = problemOf(error);
    if (problem.kind === 'unexpected') this.unexpected(error);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply
      .status(problem.status)
      .header('content-type', 'application/problem+json')
      .send(problem);
  }
}

function problemOf(error: unknown): IssuerProblem {
  if (error instanceof UserError) {
    return { kind: 'user', code: error.code, detail: error.message, status: error.status };
  }
  if (error instanceof OperationalError) {
    return { kind: 'operational', code: error.code, detail: error.message, status: 503 };
  }
  if (error instanceof ZodError) {
    return {
      kind: 'user',
      code: 'request.invalid',
      detail: 'The request is not of the operation',
      status: 400,
    };
  }
  if (error instanceof HttpException && error.getStatus() < 500) {
    return {
      kind: 'user',
      code: 'request.invalid',
      detail: error.message,
      status: error.getStatus(),
    };
  }
  const code = error instanceof EasyFlowError ? error.code : 'internal';
  return { kind: 'unexpected', code, detail: 'The issuer failed', status: 500 };
}
