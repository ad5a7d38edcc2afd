import { z } from 'zod';
import { booleanQuerySchema, jsonSchema, pageOf, timeSchema } from './values';

/** Media types a flow document may be applied in. */
export const documentMediaTypes = ['application/yaml', 'application/json'] as const;
export type DocumentMediaType = (typeof documentMediaTypes)[number];

export const applyFlowQuerySchema = z.object({ activate: booleanQuerySchema.optional() });

export const flowVersionSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  version: z.string(),
  active: z.boolean(),
  createdAt: timeSchema,
});

export const flowVersionPageSchema = pageOf(flowVersionSchema);

export const flowDocumentSchema = jsonSchema;

export type FlowVersion = z.infer<typeof flowVersionSchema>;
