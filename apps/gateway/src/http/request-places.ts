import { fragmentTo, type ErrorPlace } from '@easyflow/kernel-errors';
import type { z } from 'zod';

/** The places that a schema refuses. */
export function placesOf(error: z.ZodError): ErrorPlace[] {
  return error.issues.map(({ path, message }) => ({
    pointer: fragmentTo(path),
    message: message.charAt(0).toLowerCase() + message.slice(1),
  }));
}
