import { z } from 'zod';

/** UUID of version 7, as every id of the contract is. */
export const idSchema = z.uuidv7();

/** RFC 3339 in UTC with milliseconds. */
export const timeSchema = z.iso.datetime({ precision: 3 });

/** Any JSON value. */
export const jsonSchema = z.unknown();

/** Namespaces and names of flows, as the specification's schema has them: a DNS label, in either case. */
export const flowNamePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;

/** The specification's semantic version. */
export const flowVersionPattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** Characters that a version may have: it stands in paths and is part of keys in the database. */
export const flowVersionLength = 255;

/** Largest page of a list, and the size without `limit`. */
export const pageLimit = { max: 1_000, default: 50 } as const;

/** Query parameters of every list. `cursor` is what the page before gave as `nextCursor`. */
export const pageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(pageLimit.max).optional(),
  cursor: z.string().min(1).max(512).optional(),
});

/** A page of items. `nextCursor` is missing on the last page. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().optional() });
}

/** `true` and `false` as a query parameter writes them. */
export const booleanQuerySchema = z.enum(['true', 'false']);
