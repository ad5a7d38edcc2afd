import { z } from 'zod';
import { idSchema, pageOf, timeSchema } from './values';

export const tenantLimitsSchema = z.object({
  requestsPerSecond: z.number().positive().optional(),
  concurrentExecutions: z
    .number()
    .int()
    .positive()
    .optional()
    .meta({ description: 'kept with the tenant; nothing enforces it yet' }),
});

export const createTenantRequestSchema = z.object({
  name: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not hold control characters or lone surrogates')
    .optional(),
  limits: tenantLimitsSchema.optional(),
});

export const createdTenantSchema = z.object({
  id: idSchema,
  name: z.string(),
  apiKey: z.string(),
  login: z.object({ email: z.string(), password: z.string() }),
});

export const tenantSchema = z.object({
  id: idSchema,
  name: z.string(),
  placement: z.string(),
  status: z.string(),
  createdAt: timeSchema,
});

export const tenantPageSchema = pageOf(tenantSchema);

/** An API key without what it opens with. */
export const apiKeySchema = z.object({
  id: idSchema,
  createdAt: timeSchema,
  revokedAt: timeSchema.optional(),
});

export const apiKeyListSchema = z.object({ items: z.array(apiKeySchema) });

export const createdApiKeySchema = z.object({
  id: idSchema,
  apiKey: z.string(),
  createdAt: timeSchema,
});

export const rotatedTokenKeysSchema = z.object({ rotatedAt: timeSchema });

export type CreateTenantRequest = z.infer<typeof createTenantRequestSchema>;
export type CreatedTenant = z.infer<typeof createdTenantSchema>;
export type Tenant = z.infer<typeof tenantSchema>;
export type ApiKey = z.infer<typeof apiKeySchema>;
export type ApiKeyList = z.infer<typeof apiKeyListSchema>;
export type CreatedApiKey = z.infer<typeof createdApiKeySchema>;
export type RotatedTokenKeys = z.infer<typeof rotatedTokenKeysSchema>;
