import { createdApiKeySchema } from './admin';
import { adminRoutes } from './admin-routes';
import { jwksSchema, loginRequestSchema, loginResponseSchema } from './auth';
import { executionRoutes } from './execution-routes';
import { flowRoutes } from './flow-routes';
import { healthSchema, readinessSchema } from './health';
import { json, type Route } from './route';
import { jsonSchema } from './values';
import { usageQuerySchema, usageSchema } from './usage';

const openRoutes = {
  login: {
    method: 'POST',
    path: '/v1/auth/login',
    operationId: 'login',
    summary: 'An access token for an email and a password',
    access: 'none',
    body: { required: true, content: { 'application/json': loginRequestSchema } },
    answers: { 200: json('a signed JWT', loginResponseSchema) },
    problems: [
      'body.too_deep',
      'request.invalid',
      'auth.invalid_credentials',
      'auth.too_many_attempts',
      'issuer.unavailable',
    ],
  },
  jwks: {
    method: 'GET',
    path: '/.well-known/jwks.json',
    operationId: 'jwks',
    summary: 'The public keys of access tokens',
    access: 'none',
    answers: { 200: json('the keys', jwksSchema) },
    problems: ['issuer.unavailable'],
  },
  statusPage: {
    method: 'GET',
    path: '/',
    operationId: 'statusPage',
    summary: 'A plain page for people',
    access: 'none',
    answers: { 200: { description: 'HTML', content: { 'text/html': jsonSchema } } },
  },
  healthz: {
    method: 'GET',
    path: '/healthz',
    operationId: 'healthz',
    summary: 'The process lives',
    access: 'none',
    answers: { 200: json('it lives', healthSchema) },
  },
  readyz: {
    method: 'GET',
    path: '/readyz',
    operationId: 'readyz',
    summary: 'The process can serve',
    access: 'none',
    answers: {
      200: json('it can', readinessSchema),
      503: json('it cannot now', readinessSchema),
    },
  },
  openapi: {
    method: 'GET',
    path: '/openapi.json',
    operationId: 'openapi',
    summary: 'This document',
    access: 'none',
    answers: { 200: json('OpenAPI 3.1', jsonSchema) },
  },
} as const satisfies Record<string, Route>;

const keyRoutes = {
  createApiKey: {
    method: 'POST',
    path: '/v1/api-keys',
    operationId: 'createApiKey',
    summary: 'A further API key of the tenant, shown this once',
    access: 'tenant',
    answers: { 201: json('the key', createdApiKeySchema) },
    problems: ['api_key.too_many'],
  },
} as const satisfies Record<string, Route>;

const usageRoutes = {
  getUsage: {
    method: 'GET',
    path: '/v1/usage',
    operationId: 'getUsage',
    summary: 'Completed executions and their cost by hour, flow and mode',
    access: 'tenant',
    query: usageQuerySchema,
    answers: { 200: json('a page of the usage', usageSchema) },
    problems: ['query.invalid'],
  },
} as const satisfies Record<string, Route>;

/** Every route of the contract: the controllers, the OpenAPI document and the 405 answers follow it. */
export const routes = {
  ...openRoutes,
  ...adminRoutes,
  ...keyRoutes,
  ...flowRoutes,
  ...executionRoutes,
  ...usageRoutes,
} as const satisfies Record<string, Route>;
