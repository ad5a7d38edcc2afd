import type { TenantToken } from '../context/tenant';
import { BUNDLE_TENANTS } from './sessions';

export interface Bundle<T> {
  /** One token a tenant. */
  tokens: TenantToken[];
  /** Sorted by (tenant, id): two flushes lock rows in the same order, so they cannot deadlock. */
  items: T[];
}

/** A token that ends sooner than this may be dead before its flush has committed. */
const EXPIRY_MARGIN_MS = 1_000;

function byPair<T extends { token: TenantToken; id: string }>(left: T, right: T): number {
  if (left.token.tenantId !== right.token.tenantId) {
    return left.token.tenantId < right.token.tenantId ? -1 : 1;
  }
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}

/**
 * Splits items into bundles: one placement, at most 100 tenants and `maxRows` items each. Items
 * whose token has expired, or is about to, come back apart, so that they cannot fail the others. `now` is the
 * database's time, as the tokens' ends are.
 */
export function bundles<T extends { token: TenantToken; id: string }>(
  items: readonly T[],
  maxRows: number,
  now: number,
): { bundles: Bundle<T>[]; expired: T[] } {
  const latest = now + EXPIRY_MARGIN_MS;
  const expired: T[] = [];
  const bySchema = new Map<string, T[]>();
  for (const item of items) {
    if (item.token.expiresAt <= latest) {
      expired.push(item);
      continue;
    }
    const schema = item.token.placement.schema;
    const placed = bySchema.get(schema);
    if (placed) placed.push(item);
    else bySchema.set(schema, [item]);
  }
  const made: Bundle<T>[] = [];
  for (const placed of bySchema.values()) {
    placed.sort(byPair);
    let bundle: Bundle<T> | undefined;
    for (const item of placed) {
      let newTenant = bundle?.tokens.at(-1)?.tenantId !== item.token.tenantId;
      const full =
        !bundle ||
        bundle.items.length >= maxRows ||
        (newTenant && bundle.tokens.length >= BUNDLE_TENANTS);
      if (!bundle || full) {
        bundle = { tokens: [], items: [] };
        made.push(bundle);
        newTenant = true;
      }
      if (newTenant) bundle.tokens.push(item.token);
      bundle.items.push(item);
    }
  }
  return { bundles: made, expired };
}
