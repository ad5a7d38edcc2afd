import { z } from 'zod';

/** The six services that hold an identity of their own. */
export const SERVICE_NAMES = [
  'gateway',
  'flow-registry',
  'scheduler',
  'executor',
  'analytics',
  'issuer',
] as const;

export const serviceNameSchema = z.enum(SERVICE_NAMES);
export type ServiceName = z.infer<typeof serviceNameSchema>;
