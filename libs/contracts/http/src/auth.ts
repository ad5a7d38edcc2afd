import { z } from 'zod';

/** What access tokens of every installation carry: the issuer writes it, the gateway requires it. */
export const accessToken = {
  issuer: 'easyflow',
  audience: 'easyflow',
  algorithm: 'ES256',
} as const;

export const loginRequestSchema = z.object({ email: z.string(), password: z.string() });

export const loginResponseSchema = z.object({
  accessToken: z.string(),
  tokenType: z.literal('Bearer'),
  expiresIn: z.number().int().positive().meta({ description: 'seconds' }),
});

/** RFC 7517; the members of a key depend on its kind. */
export const jwksSchema = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

export type LoginRequest = z.infer<typeof loginRequestSchema>;
export type LoginResponse = z.infer<typeof loginResponseSchema>;
