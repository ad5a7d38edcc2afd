import { z } from 'zod';

/** Body of `flow.apply` in the tenant's inbox table: the document as it came. */
export const flowApplyBodySchema = z.strictObject({
  source: z.string(),
  mediaType: z.enum(['application/yaml', 'application/json']),
  activate: z.boolean(),
});
export type FlowApplyBody = z.infer<typeof flowApplyBodySchema>;

/** Body of `flow.activate`. */
export const flowActivateBodySchema = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  version: z.string(),
});
export type FlowActivateBody = z.infer<typeof flowActivateBodySchema>;

/**
 * What the flow-registry leaves in the request's row: the version it now is (`created` when this request made it),
 * or why not, with the HTTP status that says it.
 */
export const flowReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('version'),
    created: z.boolean(),
    namespace: z.string(),
    name: z.string(),
    version: z.string(),
    active: z.boolean(),
    createdAt: z.iso.datetime(),
  }),
  z.strictObject({
    kind: z.literal('refused'),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    errors: z
      .array(
        z.strictObject({
          pointer: z.string(),
          line: z.number().int().optional(),
          message: z.string(),
        }),
      )
      .optional(),
  }),
]);
export type FlowReply = z.infer<typeof flowReplySchema>;
