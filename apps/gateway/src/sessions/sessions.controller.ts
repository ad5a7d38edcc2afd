import { loginRequestSchema, type LoginResponse } from '@easyflow/contracts-http';
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
    const { email, password } = value;
    return this.throttle.attempt({ email, address: request.ip }, () =>
      this.issuer.login(email, password),
    );
  }

  @Get('/.well-known/jwks.json')
  async jwks(): Promise<{ keys: object[] }> {
    return this.issuer.jwks();
  }
}
