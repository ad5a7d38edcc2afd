import type { z } from 'zod';
import type { ProblemCode } from './problem';

/** Who may call a route: anybody, a tenant (JWT or API key), or the holder of the admin key. */
export type RouteAccess = 'none' | 'tenant' | 'admin';

export interface RouteAnswer {
  description: string;
  /** Schema of the body by media type; nothing when there is no body to describe. */
  content?: Readonly<Record<string, z.ZodType>>;
  /** Response headers beyond the usual ones, by name. */
  headers?: Readonly<Record<string, string>>;
}

export interface Route {
  method: 'GET' | 'POST';
  /** Template with `{parameters}`, as OpenAPI writes it. */
  path: string;
  operationId: string;
  summary: string;
  access: RouteAccess;
  query?: z.ZodObject;
  /** Request headers the route understands, by name. */
  headers?: Readonly<Record<string, string>>;
  body?: { required: boolean; content: Readonly<Record<string, z.ZodType>> };
  answers: Readonly<Record<number, RouteAnswer>>;
  /** Codes beyond those that every route of its access may answer. */
  problems?: readonly ProblemCode[];
}

/** Shorthand for an answer with a JSON body. */
export function json(
  description: string,
  schema: z.ZodType,
  headers?: Readonly<Record<string, string>>,
): RouteAnswer {
  return {
    description,
    content: { 'application/json': schema },
    ...(headers ? { headers } : {}),
  };
}
