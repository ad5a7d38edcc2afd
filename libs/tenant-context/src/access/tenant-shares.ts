import { OperationalError } from '@easyflow/kernel-errors';

export interface TenantSharesOptions {
  /** Connections that are divided. */
  size: number;
  /** Most that wait for each tenant; beyond it the tenant is refused at once. */
  waitingOfTenant?: number;
  /** How long anyone waits, milliseconds. */
  patienceMs?: number;
  /** Told when somebody has to wait. */
  onWait?: () => void;
}

interface Waiter {
  readonly start: () => void;
}

interface Share {
  running: number;
  /** In the order of arrival: a set, so that who gives up leaves in constant time. */
  readonly waiting: Set<Waiter>;
}

const WAITING_OF_TENANT = 1_000;
const PATIENCE_MS = 3_000;

/**
 * Divides the connections of a pool among tenants. A tenant may take one more while it holds fewer than are free (the
 * dynamic threshold of Choudhury and Hahne, 1998): a tenant by itself gets half of the pool, two get a third each, and
 * one that comes new finds a free connection, unless as many tenants are busy as there are connections. What is freed
 * goes to waiting tenants in turn, whatever the length of their queues. Connections by which many tenants are served at
 * once (`undefined`) are counted and take their turn, but have no threshold.
 *
 * Taking and giving back cost a map look-up; a tenant that is passed by in its turn holds a connection, so no more are
 * passed by than there are connections.
 */
export class TenantShares {
  readonly #shares = new Map<string | undefined, Share>();
  /** Tenants with waiters, in turn. */
  readonly #turns = new Set<string | undefined>();
  readonly #waitingOfTenant: number;
  readonly #patienceMs: number;
  #free: number;

  constructor(private readonly options: TenantSharesOptions) {
    this.#free = options.size;
    this.#waitingOfTenant = options.waitingOfTenant ?? WAITING_OF_TENANT;
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS;
  }

  /**
   * Runs `work` when it is the tenant's turn.
   * @throws OperationalError `tenant.busy` when too much of this tenant waits already, or this has waited too long
   */
  async run<T>(tenantId: string | undefined, work: () => Promise<T>): Promise<T> {
    const share = this.#shareOf(tenantId);
    if (share.waiting.size === 0 && this.#mayTake(tenantId, share)) this.#take(share);
    else await this.#turn(tenantId, share);
    try {
      return await work();
    } finally {
      this.#giveBack(tenantId, share);
    }
  }

  #shareOf(tenantId: string | undefined): Share {
    const known = this.#shares.get(tenantId);
    if (known) return known;
    const share: Share = { running: 0, waiting: new Set() };
    this.#shares.set(tenantId, share);
    return share;
  }

  #mayTake(tenantId: string | undefined, { running }: Share): boolean {
    return tenantId === undefined ? this.#free > 0 : running < this.#free;
  }

  #take(share: Share): void {
    share.running += 1;
    this.#free -= 1;
  }

  #turn(tenantId: string | undefined, share: Share): Promise<void> {
    if (share.waiting.size >= this.#waitingOfTenant) {
      return Promise.reject(busy('More requests of this tenant wait for the database than may'));
    }
    this.options.onWait?.();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        start: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#leave(tenantId, share, waiter);
        reject(busy('The database was too busy with this tenant’s other requests'));
      }, this.#patienceMs);
      timer.unref();
      share.waiting.add(waiter);
      this.#turns.add(tenantId);
    });
  }

  #leave(tenantId: string | undefined, share: Share, waiter: Waiter): void {
    share.waiting.delete(waiter);
    if (share.waiting.size > 0) return;
    this.#turns.delete(tenantId);
    if (share.running === 0) this.#shares.delete(tenantId);
  }

  #giveBack(tenantId: string | undefined, share: Share): void {
    share.running -= 1;
    this.#free += 1;
    // A connection that comes free lifts the threshold of all: more than one may go on.
    while (this.#startNext());
    if (share.running === 0 && share.waiting.size === 0) this.#shares.delete(tenantId);
  }

  #startNext(): boolean {
    for (const tenantId of this.#turns) {
      const share = this.#shareOf(tenantId);
      if (!this.#mayTake(tenantId, share)) continue;
      const [waiter] = share.waiting;
      if (!waiter) return false;
      share.waiting.delete(waiter);
      // To the end of the turns, as long as it waits.
      this.#turns.delete(tenantId);
      if (share.waiting.size > 0) this.#turns.add(tenantId);
      this.#take(share);
      waiter.start();
      return true;
    }
    return false;
  }
}

function busy(message: string): OperationalError {
  return new OperationalError('tenant.busy', message);
}
