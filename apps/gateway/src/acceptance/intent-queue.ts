import { OperationalError, UserError } from '@easyflow/kernel-errors';
import { systemClock, type Clock } from '@easyflow/kernel-time';
import {
  bisect,
  bundles,
  FlushLanes,
  pairKey,
  type TenantKey,
  type TenantToken,
} from '@easyflow/tenant-context';
import { FairQueue, type Queued } from './fair-queue';
import type { Intent, Outcome } from './intent';

/** Rows of one flush: beyond it the statement's time grows faster than its share a row falls. */
const MAX_ROWS = 500;
/** Bytes of inputs of one flush: 500 inputs of 1 MB would be one text of 0.5 GB, and others' commit behind it. */
const MAX_BYTES = 8_388_608;
/** Two writer connections: under load, one commit waits for its fsync while the other's rows are sent. */
const WRITERS = 2;
/** Requests that may wait for a flush; beyond it a caller is better told to come back. */
const MAX_WAITING = 20_000;
/** What one tenant may have in the queue: it is then told to slow down, and the others have the rest. */
export const TENANT_LIMITS = { intents: 5_000, bytes: 33_554_432 } as const;

interface Entry extends Queued {
  intent: Intent;
  id: string;
  token: TenantToken;
  resolve: (outcome: Outcome) => void;
  reject: (error: Error) => void;
  /** Intents with the same key, decided by the outcome of this one. */
  followers: Entry[];
  /** How often it came back: an expired token or key is tried once more, not for ever. */
  returns: number;
}

interface Bundle {
  items: readonly Entry[];
}

/**
 * Group commit with natural batching: no timer; whatever has gathered is flushed as soon as a writer is free, so
 * one caller waits for one commit, and many share one. A second writer is for many: see `FlushLanes`.
 */
export class IntentQueue {
  private readonly waiting = new FairQueue<Entry>();
  private ready: Bundle[] = [];
  private readonly lanes: FlushLanes;
  private readonly keyed = new Map<TenantKey, Entry>();
  private readonly heldBy = new Map<string, { intents: number; bytes: number }>();
  private readonly idle: (() => void)[] = [];
  private unfinished = 0;

  constructor(
    private readonly write: (intents: readonly Intent[]) => Promise<Outcome[]>,
    private readonly clock: Pick<Clock, 'now'> = systemClock,
  ) {
    this.lanes = new FlushLanes({
      lanes: WRITERS,
      waiting: () => this.ready.reduce((sum, { items }) => sum + items.length, this.waiting.length),
      flush: () => this.next(),
    });
  }

  /**
   * Resolves after the commit.
   * @throws OperationalError when the database is down, or too many wait
   * @throws UserError `rate.exceeded` (429) when too many of the tenant wait
   */
  add(intent: Intent): Promise<Outcome> {
    if (this.unfinished >= MAX_WAITING) {
      throw new OperationalError('service.unavailable', 'Too many requests wait for a commit');
    }
    const { id, token, inputText } = intent;
    const { tenantId } = token;
    const size = inputText.length;
    this.hold(tenantId, size);
    this.unfinished += 1;
    return new Promise<Outcome>((resolve, reject) => {
      const of = { intent, id, tenantId, size, token };
      this.enter({ ...of, resolve, reject, followers: [], returns: 0 });
    }).finally(() => this.finished(tenantId, size));
  }

  /** Resolves when nothing is queued or in flight. */
  async drained(): Promise<void> {
    if (this.unfinished > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private hold(tenantId: string, size: number): void {
    const held = this.heldBy.get(tenantId) ?? { intents: 0, bytes: 0 };
    const { intents, bytes } = TENANT_LIMITS;
    if (held.intents >= intents || (held.intents > 0 && held.bytes + size > bytes)) {
      throw new UserError(
        'rate.exceeded',
        'Too many executions of this tenant wait to be written; slow down',
        { status: 429, retryAfterSeconds: 1 },
      );
    }
    held.intents += 1;
    held.bytes += size;
    this.heldBy.set(tenantId, held);
  }

  private finished(tenantId: string, size: number): void {
    const held = this.heldBy.get(tenantId);
    if (held) {
      held.intents -= 1;
      held.bytes -= size;
      if (held.intents === 0) this.heldBy.delete(tenantId);
    }
    this.unfinished -= 1;
    if (this.unfinished === 0) for (const resolve of this.idle.splice(0)) resolve();
  }

  /** One intent a key is in flight: those with the same key wait for its outcome. */
  private enter(entry: Entry): void {
    const key = keyOf(entry);
    const leader = key === undefined ? undefined : this.keyed.get(key);
    if (leader) {
      leader.followers.push(entry);
      return;
    }
    if (key !== undefined) this.keyed.set(key, entry);
    this.waiting.push(entry);
    this.lanes.schedule();
  }

  private next(): Promise<void> | undefined {
    if (this.ready.length === 0 && this.waiting.length > 0) {
      const taken = bundles(
        this.waiting.take({ items: MAX_ROWS, bytes: MAX_BYTES }),
        MAX_ROWS,
        this.clock.now(),
      );
      this.ready = taken.bundles;
      for (const entry of taken.expired) void this.renew(entry);
    }
    const bundle = this.ready.shift();
    return bundle && this.flush(bundle.items);
  }

  private async renew(entry: Entry): Promise<void> {
    try {
      entry.intent.token = await entry.intent.renewToken();
      entry.token = entry.intent.token;
      this.again(entry);
    } catch (error) {
      this.fail(entry, error);
    }
  }

  /** Never rejects. What has committed is answered so, whatever happens to the rest of the flush. */
  private async flush(entries: readonly Entry[]): Promise<void> {
    const committed = new Map<Entry, Outcome>();
    const write = async (some: readonly Entry[]): Promise<Outcome[]> => {
      const outcomes = await this.write(some.map(({ intent }) => intent));
      some.forEach((entry, index) => {
        const outcome = outcomes[index];
        if (outcome) committed.set(entry, outcome);
      });
      return outcomes;
    };
    const errors = new Map<Entry, unknown>();
    let failure: unknown;
    try {
      for (const { item, error } of await bisect(entries, write, tenantOf)) errors.set(item, error);
    } catch (error) {
      failure = error;
    }
    for (const entry of entries) {
      const outcome = committed.get(entry);
      if (outcome) this.settle(entry, outcome);
      else this.fail(entry, errors.get(entry) ?? failure);
    }
  }

  private settle(entry: Entry, outcome: Outcome): void {
    if (outcome.kind === 'unbound') {
      this.again(entry);
      return;
    }
    const followers = this.leave(entry);
    entry.resolve(outcome);
    for (const follower of followers) this.follow(follower, entry, outcome);
  }

  /** What the leader's outcome says of an intent with the same key. */
  private follow(follower: Entry, leader: Entry, outcome: Outcome): void {
    const same =
      follower.intent.idempotency?.requestHash.equals(
        leader.intent.idempotency?.requestHash ?? Buffer.alloc(0),
      ) ?? false;
    if (outcome.kind === 'mismatched') this.enter(follower);
    else if (!same || outcome.kind === 'unbound') follower.resolve({ kind: 'mismatched' });
    else if (outcome.kind === 'replayed') follower.resolve(outcome);
    else {
      const { id, dispatch } = outcome;
      follower.resolve({ kind: 'replayed', id, status: 'pending', dispatch });
    }
  }

  private again(entry: Entry): void {
    entry.returns += 1;
    if (entry.returns > 2) {
      this.fail(
        entry,
        new OperationalError('service.unavailable', 'Could not be committed in time'),
      );
      return;
    }
    this.waiting.push(entry);
    this.lanes.schedule();
  }

  private fail(entry: Entry, error: unknown): void {
    const followers = this.leave(entry);
    entry.reject(error instanceof Error ? error : new Error(String(error)));
    for (const follower of followers) this.enter(follower);
  }

  private leave(entry: Entry): Entry[] {
    const key = keyOf(entry);
    if (key !== undefined) this.keyed.delete(key);
    return entry.followers.splice(0);
  }
}

function tenantOf({ tenantId }: Entry): string {
  return tenantId;
}

function keyOf({ intent, tenantId }: Entry): TenantKey | undefined {
  return intent.idempotency && pairKey(tenantId, intent.idempotency.key);
}
