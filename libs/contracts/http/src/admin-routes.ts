import {
  apiKeyListSchema,
  apiKeySchema,
  createdTenantSchema,
  createTenantRequestSchema,
  rotatedTokenKeysSchema,
  tenantPageSchema,
  tenantSchema,
} from './admin';
import { json, type Route } from './route';
import { pageQuerySchema } from './values';

/** What the admin key opens. */
export const adminRoutes = {
  createTenant: {
    method: 'POST',
    path: '/v1/admin/tenants',
    operationId: 'createTenant',
    summary: 'A new tenant with its first API key and login, shown this once',
    access: 'admin',
    body: { required: false, content: { 'application/json': createTenantRequestSchema } },
    answers: { 201: json('the tenant', createdTenantSchema) },
    problems: ['body.too_deep', 'request.invalid'],
  },
  listTenants: {
    method: 'GET',
    path: '/v1/admin/tenants',
    operationId: 'listTenants',
    summary: 'All tenants',
    access: 'admin',
    query: pageQuerySchema,
    answers: { 200: json('a page', tenantPageSchema) },
    problems: ['query.invalid'],
  },
  suspendTenant: {
    method: 'POST',
    path: '/v1/admin/tenants/{id}/suspend',
    operationId: 'suspendTenant',
    summary: 'Stop a tenant: its requests are refused, and nothing of it runs until it is resumed',
    access: 'admin',
    answers: { 200: json('the tenant', tenantSchema) },
    problems: ['tenant.unknown'],
  },
  resumeTenant: {
    method: 'POST',
    path: '/v1/admin/tenants/{id}/resume',
    operationId: 'resumeTenant',
    summary: 'Let a suspended tenant go on',
    access: 'admin',
    answers: { 200: json('the tenant', tenantSchema) },
    problems: ['tenant.unknown'],
  },
  listApiKeys: {
    method: 'GET',
    path: '/v1/admin/tenants/{id}/api-keys',
    operationId: 'listApiKeys',
    summary: 'The API keys of a tenant, without what they open with',
    access: 'admin',
    answers: { 200: json('all of them', apiKeyListSchema) },
    problems: ['tenant.unknown'],
  },
  revokeApiKey: {
    method: 'POST',
    path: '/v1/admin/tenants/{id}/api-keys/{keyId}/revoke',
    operationId: 'revokeApiKey',
    summary:
      'End an API key; who has used it within the last minute is served for 60 s more at most',
    access: 'admin',
    answers: { 200: json('the key', apiKeySchema) },
    problems: ['tenant.unknown', 'api_key.unknown'],
  },
  rotateTokenKeys: {
    method: 'POST',
    path: '/v1/admin/token-keys/rotate',
    operationId: 'rotateTokenKeys',
    summary:
      'Sign database tokens with a new key from now on; the old one is believed for two minutes',
    access: 'admin',
    answers: { 200: json('done', rotatedTokenKeysSchema) },
  },
} as const satisfies Record<string, Route>;
