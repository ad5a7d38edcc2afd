/** How many calls may be under way at a time in this process. */
export interface LaneLimits {
  /** Of all tenants together: each takes a socket. */
  readonly total: number;
  readonly perTenant: number;
  /** Of one tenant to one origin. */
  readonly perOrigin: number;
}

interface Waiting {
  readonly start: () => void;
}

interface OriginLane {
  readonly name: string;
  active: number;
  /** In the order in which they came; a call that is aborted leaves. */
  readonly queue: Set<Waiting>;
}

interface TenantLane {
  readonly name: string;
  active: number;
  readonly origins: Map<string, OriginLane>;
  /** Those with a queue, in the order of their turns. */
  readonly waiting: Set<OriginLane>;
}

/**
 * Divides the calls under way among tenants. A tenant's excess waits in its own queue, by origin, and nobody else
 * behind it. A tenant may have as many calls under way as are still free (the dynamic threshold that switches use
 * for their buffers, Choudhury and Hahne 1998), `perTenant` at most: one that comes late finds some free however many
 * others are at their limit, and no share has to be set aside for tenants that do not call. Those that wait are
 * served in turn. What waits is as bounded as the executions in memory that wait for it, and holds nothing more.
 */
export class CallLanes {
  private active = 0;
  private readonly tenants = new Map<string, TenantLane>();
  /** Those with a queue, in the order of their turns. */
  private readonly waiting = new Set<TenantLane>();

  constructor(private readonly limits: LaneLimits) {}

  /**
   * Resolves when the call may begin, with the function that says it has ended; to be called once.
   * @throws the signal's reason when it is aborted first
   */
  async enter(tenantId: string, origin: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const tenant = this.tenantLane(tenantId);
    const lane = originLane(tenant, origin);
    if (lane.queue.size === 0 && this.mayStart(tenant) && this.originMayStart(lane)) {
      this.count(tenant, lane, 1);
    } else await this.turn(tenant, lane, signal);
    return () => {
      this.count(tenant, lane, -1);
      this.forget(tenant, lane);
      this.startWaiting();
    };
  }

  private turn(tenant: TenantLane, lane: OriginLane, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => {
      this.leaveQueue(tenant, lane, entry);
      this.forget(tenant, lane);
      reject(signal.reason as Error);
    };
    const entry: Waiting = {
      start: () => {
        signal.removeEventListener('abort', abort);
        this.leaveQueue(tenant, lane, entry);
        this.count(tenant, lane, 1);
        resolve();
      },
    };
    lane.queue.add(entry);
    tenant.waiting.add(lane);
    this.waiting.add(tenant);
    signal.addEventListener('abort', abort, { once: true });
    return promise;
  }

  /** One that ends lets one begin; another limit may let more, so as many as may. */
  private startWaiting(): void {
    for (let next = this.next(); next; next = this.next()) next.start();
  }

  private next(): Waiting | undefined {
    if (this.active >= this.limits.total) return undefined;
    for (const tenant of this.waiting) {
      if (!this.mayStart(tenant)) continue;
      for (const lane of tenant.waiting) {
        const [first] = lane.queue;
        if (!first || !this.originMayStart(lane)) continue;
        // Behind the others: the next turn is theirs.
        for (const [set, item] of [
          [this.waiting as Set<unknown>, tenant],
          [tenant.waiting as Set<unknown>, lane],
        ] as const) {
          set.delete(item);
          set.add(item);
        }
        return first;
      }
    }
    return undefined;
  }

  private mayStart({ active }: TenantLane): boolean {
    const { total, perTenant } = this.limits;
    return active < Math.min(perTenant, total - this.active);
  }

  private originMayStart({ active }: OriginLane): boolean {
    return active < this.limits.perOrigin;
  }

  private count(tenant: TenantLane, lane: OriginLane, change: 1 | -1): void {
    this.active += change;
    tenant.active += change;
    lane.active += change;
  }

  private leaveQueue(tenant: TenantLane, lane: OriginLane, entry: Waiting): void {
    lane.queue.delete(entry);
    if (lane.queue.size === 0) tenant.waiting.delete(lane);
    if (tenant.waiting.size === 0) this.waiting.delete(tenant);
  }

  private tenantLane(name: string): TenantLane {
    const known = this.tenants.get(name);
    if (known) return known;
    const made = { name, active: 0, origins: new Map(), waiting: new Set<OriginLane>() };
    this.tenants.set(name, made);
    return made;
  }

  private forget(tenant: TenantLane, lane: OriginLane): void {
    if (lane.active === 0 && lane.queue.size === 0) tenant.origins.delete(lane.name);
    if (tenant.origins.size === 0) this.tenants.delete(tenant.name);
  }
}

function originLane({ origins }: TenantLane, name: string): OriginLane {
  const known = origins.get(name);
  if (known) return known;
  const made = { name, active: 0, queue: new Set<Waiting>() };
  origins.set(name, made);
  return made;
}
