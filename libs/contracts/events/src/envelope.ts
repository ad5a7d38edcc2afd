import { z } from 'zod';
import { serviceNameSchema } from './service-names';

/** What a sender signs about one record. Times are milliseconds since the epoch. */
export const envelopeClaimsSchema = z.strictObject({
  keyId: z.string().min(1).max(128),
  sender: serviceNameSchema,
  type: z.string().min(1).max(64),
  /** Null on control topics that belong to no tenant. */
  tenantId: z.uuid().nullable(),
  topic: z.string().min(1).max(249),
  /** Placement epoch of the tenant as the sender knew it; 0 on control messages. */
  epoch: z.number().int().nonnegative(),
  /** Ids the message is about. */
  ids: z.array(z.string().max(64)).max(10_000),
  /** SHA-256 of the record's value, base64url. */
  payloadHash: z.string().length(43),
  issuedAt: z.number().int().nonnegative(),
  expiresAt: z.number().int().nonnegative(),
  messageId: z.uuid(),
});
export type EnvelopeClaims = z.infer<typeof envelopeClaimsSchema>;
