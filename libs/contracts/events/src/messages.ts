import { z } from 'zod';

const id = z.uuid();

/** "There is work": payload-free, any executor claims on it. Type `hint`, on a tenant's event topic. */
export const hintSchema = z.strictObject({});
export type Hint = z.infer<typeof hintSchema>;

/** A CloudEvent (CloudEvents 1.0.2, JSON format). Times are RFC 3339. */
export const cloudEventSchema = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().min(1),
  time: z.iso.datetime({ offset: true }),
  subject: z.string().optional(),
  datacontenttype: z.string().optional(),
});
export type CloudEventRecord = z.infer<typeof cloudEventSchema>;

/**
 * A batch of CloudEvents of ONE tenant (CloudEvents JSON batch format): what one flush of an executor
 * committed for it. Delivery is at least once; consumers deduplicate by (source, id).
 */
export const lifecycleSchema = z.array(cloudEventSchema).min(1).max(10_000);
export type Lifecycle = z.infer<typeof lifecycleSchema>;

/** Executions that ended and whose results requests of that gateway may await. Ids only. */
export const executionsEndedSchema = z.strictObject({
  pairs: z
    .array(z.strictObject({ tenantId: id, id }))
    .min(1)
    .max(10_000),
});
export type ExecutionsEnded = z.infer<typeof executionsEndedSchema>;

/** Broadcast when signals of executions have committed: the executor that has them in memory reads them. Ids only. */
export const executionsSignalledSchema = executionsEndedSchema;
export type ExecutionsSignalled = z.infer<typeof executionsSignalledSchema>;

/** Broadcast after a tenant was created: consumers pick its topic up. */
export const tenantCreatedSchema = z.strictObject({ tenantId: id });
export type TenantCreated = z.infer<typeof tenantCreatedSchema>;

/** Broadcast after a version became (or stopped being) active: caches forget what they know of the flow. */
export const flowActivatedSchema = z.strictObject({
  tenantId: id,
  namespace: z.string().min(1),
  name: z.string().min(1),
  version: z.string().min(1),
});
export type FlowActivated = z.infer<typeof flowActivatedSchema>;

/**
 * A control request. It carries ids and the delegation, never the body: that is the row `requestId` of the
 * tenant's inbox table `requests`, written in the tenant's own session before the message is sent.
 */
export const controlRequestSchema = z.strictObject({
  requestId: id,
  /** Equal to the `pattern` header, which no signature covers. */
  pattern: z.string().min(1),
  tenantId: id,
  /** Signed by the issuer for this service, pattern and body; single use. */
  delegation: z.string().min(1),
  /** Lower-case hex SHA-256 of the stored body: the delegation is bound to it, and the row is held against it. */
  payloadHash: z.string().length(64),
});
export type ControlRequest = z.infer<typeof controlRequestSchema>;

/**
 * The answer to a control request. `stored`: the reply is in the request's row. `unavailable`: nothing was
 * done because a dependency is down; the same request may be sent again after `retryAfterSeconds`. `failed`: the
 * service met an error it did not foresee and has logged it.
 */
export const controlReplySchema = z.discriminatedUnion('outcome', [
  z.strictObject({ requestId: id, outcome: z.literal('stored') }),
  z.strictObject({
    requestId: id,
    outcome: z.literal('unavailable'),
    retryAfterSeconds: z.number().int().positive(),
  }),
  z.strictObject({ requestId: id, outcome: z.literal('failed') }),
]);
export type ControlReply = z.infer<typeof controlReplySchema>;
