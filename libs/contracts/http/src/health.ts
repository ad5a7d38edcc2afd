import { z } from 'zod';

export const healthSchema = z.object({ status: z.literal('ok') });

export const readinessSchema = z.object({
  status: z.enum(['ready', 'not ready']),
  checks: z.record(z.string(), z.boolean()).meta({
    description: 'what this process depends on, and whether it answers',
  }),
});

export type Readiness = z.infer<typeof readinessSchema>;
