import { z } from 'zod';
import { pageOf, pageQuerySchema, timeSchema } from './values';

const queryTime = z.iso.datetime({ offset: true });

export const usageQuerySchema = pageQuerySchema.extend({
  from: queryTime.optional().meta({ description: 'first hour; 30 days ago when missing' }),
  to: queryTime.optional().meta({ description: 'hours before this time; now when missing' }),
});

export const usageItemSchema = z.object({
  hour: timeSchema,
  flow: z.string().meta({ description: 'namespace/name' }),
  mode: z.string(),
  executions: z.number().int(),
  cost: z.string().meta({ description: 'exact decimal, in USD' }),
});

export const usageSchema = pageOf(usageItemSchema);

export type Usage = z.infer<typeof usageSchema>;
export type UsageQuery = z.infer<typeof usageQuerySchema>;
