import { UserError } from '@easyflow/kernel-errors';
import { parseJsonBody } from '@easyflow/platform-http';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { placesOf } from './request-places';

const NOTHING = Buffer.alloc(0);

/** The bytes of the body, which BodyReader has read after the request was authenticated. */
export function bodyBytes(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : NOTHING;
}

/** Media type of the body in lower case without parameters; empty when the request names none. */
export function mediaTypeOf(request: FastifyRequest): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * @throws UserError `body.unsupported_media_type` (415) naming those that the route takes; also for a body that is
 * compressed: what it would grow to cannot be bounded before it is read.
 */
export function requireMediaType<T extends string>(
  request: FastifyRequest,
  allowed: readonly T[],
): T {
  const type = mediaTypeOf(request);
  const coding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  if (coding !== '' && coding !== 'identity') {
    throw new UserError(
      'body.unsupported_media_type',
      `Content-Encoding is "${coding}"; send the body as it is`,
      { status: 415 },
    );
  }
  const found = allowed.find((one) => one === type);
  if (found !== undefined) return found;
  throw new UserError(
    'body.unsupported_media_type',
    `Content-Type is ${type === '' ? 'missing' : `"${type}"`}; send ${allowed.join(' or ')}`,
    { status: 415 },
  );
}

/**
 * The JSON body as it was sent (`raw`, for comparing requests) and as the contract reads it (`value`). A request
 * without any body is an empty object where `optional`.
 * @throws UserError 415, 400 (`body.malformed`, `body.too_deep`), 422 (`request.invalid`)
 */
export function readJsonBody<T>(
  request: FastifyRequest,
  schema: z.ZodType<T>,
  options: { optional?: boolean } = {},
): { raw: unknown; value: T } {
  const bytes = bodyBytes(request);
  const empty = options.optional === true && bytes.length === 0 && mediaTypeOf(request) === '';
  if (!empty) requireMediaType(request, ['application/json']);
  const raw = empty ? {} : parseJsonBody(bytes);
  const result = schema.safeParse(raw);
  if (result.success) return { raw, value: result.data };
  const errors = placesOf(result.error);
  throw new UserError(
    'request.invalid',
    `The body does not fit: ${errors.map(({ pointer, message }) => `${pointer} ${message}`).join('; ')}`,
    { status: 422, errors },
  );
}

/** @throws UserError `query.invalid` (400) naming the parameters. */
export function readQuery<T>(request: FastifyRequest, schema: z.ZodType<T>): T {
  const result = schema.safeParse(request.query);
  if (result.success) return result.data;
  const errors = placesOf(result.error);
  throw new UserError(
    'query.invalid',
    `The query does not fit: ${errors.map(({ pointer, message }) => `${pointer.slice(2)} ${message}`).join('; ')}`,
    { status: 400, errors },
  );
}
