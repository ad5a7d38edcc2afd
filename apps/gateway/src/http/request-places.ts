import type { ErrorPlace } from '@easyflow/kernel-errors';
import type { z } from 'zod';

/** A JSON pointer (RFC 6901) as a URI fragment: `#/a~1b/0`. */
export function fragmentPointer(path: readonly PropertyKey[]): string {
  const steps = path.map((step) =>
    encodeURIComponent(String(step).replaceAll('~', '~0').replaceAll('/', '~1')),
  );
  return ['#', ...steps].join('/');
}

/** The places that a schema refuses. */
export function placesOf(error: z.ZodError): ErrorPlace[] {
  return error.issues.map(({ path, message }) => ({
    pointer: fragmentPointer(path),
    message: message.charAt(0).toLowerCase() + message.slice(1),
  }));
}
