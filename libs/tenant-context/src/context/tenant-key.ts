declare const ofTenant: unique symbol;

/** Identifies something of one tenant in a map that holds those of many. Only {@link pairKey} makes one. */
export type TenantKey = string & { readonly [ofTenant]: true };

/**
 * The key of a tenant's thing: ids and names are unique only within their tenant, and a tenant chooses many of them
 * by itself. The parts come from checked names and ids, none of which holds a line break.
 */
export function pairKey(tenantId: string, ...parts: readonly string[]): TenantKey {
  // Most keys are pairs, and made on the hot road.
  const [only] = parts;
  const text = parts.length === 1 ? `${tenantId}\n${only}` : [tenantId, ...parts].join('\n');
  return text as TenantKey;
}
