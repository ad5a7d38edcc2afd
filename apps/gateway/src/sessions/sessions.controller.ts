import { loginRequestSchema, type LoginResponse } from '@easyflow/contracts-http';
import { UserError } from '@easyflow/kernel-errors';
import type { IssuerPort } from '@easyflow/tenant-context';
import { Controller, Get, HttpCode, Inject, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Access } from '../authentication/access';
import { readJsonBody } from '../http/request-body';
import { ISSUER } from '../tokens';
import { LoginThrottle } from './login-throttle';

/** Access tokens are the issuer's; the gateway only carries the question. */
@Controller()
@Access('none')
export class SessionsController {
  constructor(
    @Inject(ISSUER) private readonly issuer: Pick<IssuerPort, 'login' | 'jwks'>,
    @Inject(LoginThrottle) private readonly throttle: LoginThrottle,
  ) {}

  @Post('/v1/auth/login')
  @HttpCode(200)
  async login(@Req() request: FastifyRequest): Promise<LoginResponse> {
    const { value } = readJsonBody(request, loginRequestSchema);
    // What no user can have is wrong like any other; the database and the issuer need not see it.
    const { email, password } = value;
    if (email.length > 320 || password.length > 1_024 || email.includes('\0')) {
      throw new UserError('auth.invalid_credentials', 'The credential is not valid', {
        status: 401,
      });
    }
    return this.throttle.attempt({ email, address: request.ip }, () =>
      this.issuer.login(email, password),
    );
  }

  @Get('/.well-known/jwks.json')
  async jwks(): Promise<{ keys: object[] }> {
    return this.issuer.jwks();
  }
}
