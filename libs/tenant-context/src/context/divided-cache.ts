import type { TenantKey } from './tenant-key';

export interface DividedCacheLimits {
  /** Sizes of what one tenant may keep. */
  ofTenant: number;
  /** Sizes of all. */
  all: number;
}

interface Held<V> {
  readonly value: V;
  readonly size: number;
}

interface Share<V> {
  /** Least recently used first. */
  readonly held: Map<TenantKey, Held<V>>;
  size: number;
}

/**
 * A cache that tenants share without taking each other's places: beyond its share a tenant forgets what it used least
 * recently itself, and when all is full, the tenant that keeps most does.
 */
export class DividedCache<V> {
  private readonly shares = new Map<string, Share<V>>();
  private size = 0;

  constructor(private readonly limits: DividedCacheLimits) {}

  get(tenantId: string, key: TenantKey): V | undefined {
    const held = this.shares.get(tenantId)?.held;
    const found = held?.get(key);
    if (!held || !found) return undefined;
    held.delete(key);
    held.set(key, found);
    return found.value;
  }

  /** What is larger than a share is not kept. */
  set(tenantId: string, key: TenantKey, value: V, size: number): void {
    this.delete(tenantId, key);
    if (size > this.limits.ofTenant) return;
    const share = this.shares.get(tenantId) ?? { held: new Map(), size: 0 };
    this.shares.set(tenantId, share);
    share.held.set(key, { value, size });
    share.size += size;
    this.size += size;
    while (share.size > this.limits.ofTenant) this.forgetOldest(tenantId, share);
    while (this.size > this.limits.all) this.forgetOldest(...this.largest(tenantId, share));
  }

  delete(tenantId: string, key: TenantKey): void {
    const share = this.shares.get(tenantId);
    const found = share?.held.get(key);
    if (!share || !found) return;
    share.held.delete(key);
    share.size -= found.size;
    this.size -= found.size;
    if (share.held.size === 0) this.shares.delete(tenantId);
  }

  private forgetOldest(tenantId: string, { held }: Share<V>): void {
    for (const key of held.keys()) {
      this.delete(tenantId, key);
      return;
    }
  }

  /** Looked for only when all is full, where each entry was read from the database first. */
  private largest(tenantId: string, share: Share<V>): [string, Share<V>] {
    let found: [string, Share<V>] = [tenantId, share];
    for (const entry of this.shares) if (entry[1].size > found[1].size) found = entry;
    return found;
  }
}
