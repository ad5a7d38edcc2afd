import { z } from 'zod';

/** What an error code means: its HTTP status, its title, and what the caller can do. */
export interface ProblemKind {
  status: number;
  title: string;
  remedy: string;
}

const kinds = {
  'body.malformed': {
    status: 400,
    title: 'Malformed body',
    remedy: 'Send well-formed JSON in UTF-8; `errors` names the line.',
  },
  'body.too_deep': {
    status: 400,
    title: 'Body nested too deeply',
    remedy: 'Nest objects and arrays at most 100 levels deep.',
  },
  'document.malformed': {
    status: 400,
    title: 'Malformed document',
    remedy: 'Correct the YAML or JSON at the line that `errors` names.',
  },
  'query.invalid': {
    status: 400,
    title: 'Invalid query parameter',
    remedy: 'Correct the parameters that `errors` names.',
  },
  'request.invalid_cursor': {
    status: 400,
    title: 'Invalid cursor',
    remedy: 'Pass `nextCursor` of the page before unchanged.',
  },
  'idempotency.key_invalid': {
    status: 400,
    title: 'Invalid Idempotency-Key',
    remedy: 'Use 1 to 255 visible ASCII characters.',
  },
  'request.malformed': {
    status: 400,
    title: 'Malformed request',
    remedy: 'Correct the request line or the headers.',
  },
  'request.timeout': {
    status: 408,
    title: 'The request came too slowly',
    remedy: 'Send the whole request without long pauses.',
  },
  'request.headers_too_large': {
    status: 431,
    title: 'Headers too large',
    remedy: 'Send less than 16 kB of request line and headers.',
  },
  'auth.required': {
    status: 401,
    title: 'Authentication required',
    remedy: 'Send `Authorization: Bearer` with an access token or an API key.',
  },
  'auth.invalid_credentials': {
    status: 401,
    title: 'Invalid credentials',
    remedy: 'Log in again, or use a valid API key.',
  },
  'auth.wrong_kind': {
    status: 403,
    title: 'Wrong kind of credential',
    remedy: 'Use the admin key on /v1/admin, and a tenant credential everywhere else.',
  },
  'auth.forbidden': {
    status: 403,
    title: 'Forbidden',
    remedy: 'Use a credential that allows this.',
  },
  'tenant.suspended': {
    status: 403,
    title: 'The tenant is suspended',
    remedy: 'Ask the operator of this installation.',
  },
  'route.unknown': {
    status: 404,
    title: 'No such route',
    remedy: 'See /openapi.json for what there is.',
  },
  'tenant.unknown': {
    status: 404,
    title: 'No such tenant',
    remedy: 'List the tenants.',
  },
  'api_key.unknown': {
    status: 404,
    title: 'No such API key of the tenant',
    remedy: 'List the API keys of the tenant.',
  },
  'api_key.too_many': {
    status: 409,
    title: 'The tenant has ten valid API keys',
    remedy: 'Revoke one that is no longer used.',
  },
  'flow.unknown': {
    status: 404,
    title: 'No such flow',
    remedy: 'Apply the flow first, or correct its namespace and name.',
  },
  'flow.not_active': {
    status: 404,
    title: 'The flow has no active version',
    remedy: 'Activate a version, or name one in the request.',
  },
  'flow.version_unknown': {
    status: 404,
    title: 'No such version of the flow',
    remedy: 'List the versions of the flow.',
  },
  'execution.unknown': {
    status: 404,
    title: 'No such execution',
    remedy: 'Check the id.',
  },
  'route.method_not_allowed': {
    status: 405,
    title: 'Method not allowed',
    remedy: 'Use a method of the Allow header.',
  },
  'execution.final': {
    status: 409,
    title: 'The execution has ended',
    remedy: 'Nothing: what has ended can be neither cancelled nor resumed.',
  },
  'flow.version_conflict': {
    status: 409,
    title: 'The version exists with other content',
    remedy: 'Versions are immutable: raise `document.version`.',
  },
  'body.too_large': {
    status: 413,
    title: 'Body too large',
    remedy: 'Send less, or ask the operator to raise the limit.',
  },
  'body.unsupported_media_type': {
    status: 415,
    title: 'Unsupported media type',
    remedy: 'Set Content-Type to one the route takes.',
  },
  'flow.invalid': {
    status: 422,
    title: 'Invalid flow',
    remedy: 'Correct the places that `errors` names.',
  },
  'input.invalid': {
    status: 422,
    title: 'The input does not fit the flow’s schema',
    remedy: 'Correct the places that `errors` names.',
  },
  'request.invalid': {
    status: 422,
    title: 'Invalid request',
    remedy: 'Correct the members of the body that `errors` names.',
  },
  'duration.invalid': {
    status: 422,
    title: 'Invalid duration',
    remedy: 'Write ISO 8601 such as PT30S, or an object such as {"seconds": 30}.',
  },
  'schedule.invalid': {
    status: 422,
    title: 'Invalid schedule',
    remedy: 'Write a cron expression of five fields, and an IANA name as its time zone.',
  },
  'idempotency.mismatch': {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    remedy: 'Use a new key for a new request.',
  },
  'auth.too_many_attempts': {
    status: 429,
    title: 'Too many wrong passwords or credentials',
    remedy: 'Wait for the seconds in Retry-After; then try the right one.',
  },
  'rate.exceeded': {
    status: 429,
    title: 'Too many requests',
    remedy: 'Wait for the seconds in Retry-After.',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    remedy: 'Report the `traceId`.',
  },
  'database.unavailable': {
    status: 503,
    title: 'The database is unavailable',
    remedy: 'Try again after Retry-After.',
  },
  'tenant.busy': {
    status: 503,
    title: 'Too many reads of this tenant wait',
    remedy: 'Try again after Retry-After, with fewer requests at a time.',
  },
  'issuer.unavailable': {
    status: 503,
    title: 'Credentials cannot be verified now',
    remedy: 'Try again after Retry-After.',
  },
  'transport.unavailable': {
    status: 503,
    title: 'The message transport is unavailable',
    remedy: 'Try again after Retry-After; starting without `Prefer: wait` works meanwhile.',
  },
  'registry.unavailable': {
    status: 503,
    title: 'The flow registry did not answer',
    remedy: 'Try again after Retry-After; applying the same document twice is harmless.',
  },
  'service.unavailable': {
    status: 503,
    title: 'Something this request needs is unavailable',
    remedy: 'Try again after Retry-After.',
  },
  'service.stopping': {
    status: 503,
    title: 'The service is stopping',
    remedy: 'Try again after Retry-After.',
  },
} as const satisfies Record<string, ProblemKind>;

/** Codes that an answer may carry. They are stable; texts are not. */
export type ProblemCode = keyof typeof kinds;

/** Every code of the contract. `docs/errors.md` is this table, held by a test. */
export const problemKinds: Readonly<Record<ProblemCode, ProblemKind>> = kinds;

/** The kind of a code; nothing for a code that is not public. */
export function problemKind(code: string): ProblemKind | undefined {
  return Object.hasOwn(kinds, code) ? problemKinds[code as ProblemCode] : undefined;
}

/** Media type of RFC 9457. */
export const problemMediaType = 'application/problem+json';

/** RFC 9457 with our members. */
export const problemSchema = z.object({
  type: z.string().meta({ description: 'URI of the kind of problem' }),
  title: z.string(),
  status: z.number().int(),
  code: z.string().meta({ description: 'stable; see docs/errors.md' }),
  detail: z.string(),
  traceId: z.string(),
  errors: z
    .array(
      z.object({
        pointer: z.string().meta({ description: 'URI fragment into the document or the input' }),
        line: z.number().int().optional(),
        message: z.string(),
      }),
    )
    .optional(),
});

export type Problem = z.infer<typeof problemSchema>;

/** The `type` of a problem: a URI that stays the same, whatever the installation's address. */
export function problemType(code: string): string {
  return `urn:easyflow:problem:${code}`;
}
