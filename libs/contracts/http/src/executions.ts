import { z } from 'zod';
import { idSchema, jsonSchema, pageOf, pageQuerySchema, timeSchema } from './values';

/** How soon an execution should run, and what it costs. `balanced` when the request names none. */
export const executionModes = ['realtime', 'balanced', 'eco'] as const;
export type ExecutionMode = (typeof executionModes)[number];
export const executionModeSchema = z.enum(executionModes);

/** The specification's phases. */
export const executionStatuses = [
  'pending',
  'running',
  'waiting',
  'suspended',
  'cancelled',
  'faulted',
  'completed',
] as const;
export type ExecutionStatus = (typeof executionStatuses)[number];
export const executionStatusSchema = z.enum(executionStatuses);

/** Statuses that never change again. */
export const finalStatuses = ['cancelled', 'faulted', 'completed'] as const;

export function isFinal(status: string): boolean {
  return (finalStatuses as readonly string[]).includes(status);
}

/** Whether executors were told at once (`hinted`) or will find the execution by themselves (`deferred`). */
export const dispatchSchema = z.enum(['hinted', 'deferred']);
export type Dispatch = z.infer<typeof dispatchSchema>;

export const startExecutionSchema = z.object({
  input: jsonSchema.optional(),
  version: z.string().optional(),
  mode: executionModeSchema.optional(),
});

export const startExecutionAliasSchema = startExecutionSchema.extend({
  flow: z.object({ namespace: z.string(), name: z.string() }),
});

export const acceptedExecutionSchema = z.object({
  id: idSchema,
  status: executionStatusSchema,
  dispatch: dispatchSchema,
});

/** The specification's error object (RFC 9457 members). */
export const flowErrorSchema = z.looseObject({
  type: z.string(),
  status: z.number().int(),
  title: z.string().optional(),
  detail: z.string().optional(),
  instance: z.string().optional(),
});

export const endedExecutionSchema = z.object({
  id: idSchema,
  status: z.enum(finalStatuses),
  output: jsonSchema.optional(),
  error: flowErrorSchema.optional(),
});

const flowReferenceSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  version: z.string(),
});

export const executionSummarySchema = z.object({
  id: idSchema,
  status: executionStatusSchema,
  flow: flowReferenceSchema,
  mode: executionModeSchema,
  error: flowErrorSchema.optional(),
  createdAt: timeSchema,
  startedAt: timeSchema.optional(),
  endedAt: timeSchema.optional(),
});

/**
 * What an execution waits for. `resume`: no process could run it, and somebody is to resume or cancel it; with `until` it is
 * tried again by itself, too. `retry`: no process could run it, and it is tried again.
 */
export const waitingForSchema = z.object({
  kind: z.enum(['resume', 'retry']),
  until: timeSchema.optional(),
  detail: z.string(),
});

export const executionSchema = executionSummarySchema.extend({
  input: jsonSchema,
  output: jsonSchema.optional(),
  waitingFor: z.array(waitingForSchema).optional(),
});

export const executionPageSchema = pageOf(executionSummarySchema);

export const listExecutionsQuerySchema = pageQuerySchema.extend({
  flow: z
    .string()
    .regex(/^[a-zA-Z0-9-]{1,63}\/[a-zA-Z0-9-]{1,63}$/, 'write namespace/name')
    .optional()
    .meta({ description: 'namespace/name' }),
  status: executionStatusSchema.optional(),
});

export const historyItemTypes = [
  'executionStarted',
  'taskStarted',
  'taskCompleted',
  'taskFaulted',
  'taskRetried',
  'executionWaiting',
  'executionEnded',
] as const;

export const historyItemSchema = z.looseObject({
  sequence: z.number().int(),
  type: z.enum(historyItemTypes),
  task: z.string().optional().meta({ description: 'JSON pointer of the task in the document' }),
  at: timeSchema,
});

/** Most items of a page of history, and the page without `limit`. */
export const historyLimit = 10_000;

export const historyQuerySchema = z.object({
  after: z.coerce.number().int().min(0).max(2_147_483_646).optional().meta({
    description: 'only items with a larger sequence: nextAfter of the page before',
  }),
  limit: z.coerce.number().int().min(1).max(historyLimit).optional(),
});

export const historySchema = z.object({
  items: z.array(historyItemSchema),
  nextAfter: z
    .number()
    .int()
    .optional()
    .meta({ description: 'there is more: ask again with it as `after`' }),
});

export type StartExecution = z.infer<typeof startExecutionSchema>;
export type AcceptedExecution = z.infer<typeof acceptedExecutionSchema>;
export type ListExecutionsQuery = z.infer<typeof listExecutionsQuerySchema>;
