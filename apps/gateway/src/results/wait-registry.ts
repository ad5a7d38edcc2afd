import { isFinal } from '@easyflow/contracts-http';
import type { Logger } from '@easyflow/platform-telemetry';
import { pairKey, type TenantKey } from '@easyflow/tenant-context';
import type { ExecutionResult } from './execution-result';
import type { ResultReader, ResultRequest } from './result-reader';

/** A lost message costs a waiting request this much, never its result. */
const POLL_MS = 1_000;
/** Requests that may wait, of one tenant and of all; a further one is answered at once with what is known. */
export const MOST_WAITING = { ofTenant: 5_000, all: 50_000 } as const;

interface Waiter extends ResultRequest {
  readonly key: TenantKey;
  resolve: (result: ExecutionResult | undefined) => void;
}

/** An execution. Its id alone names none: two tenants may have executions of one id. */
export interface ExecutionPair {
  tenantId: string;
  id: string;
}

/** A request that waits. */
export interface Waiting {
  /** The final result; undefined when the time is over or the process stops. */
  readonly result: Promise<ExecutionResult | undefined>;
  /** Ends the waiting: the execution was not accepted. */
  cancel(): void;
}

/**
 * Requests that wait for an execution's end. They learn of it from the executor (its message, or its call in one
 * process) or from a slow poll, whichever comes first.
 */
export class WaitRegistry {
  private readonly waiters = new Map<TenantKey, Set<Waiter>>();
  private readonly waitingOf = new Map<string, number>();
  private count = 0;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly reader: Pick<ResultReader, 'read'>,
    private readonly logger: Logger,
  ) {}

  wait(request: ResultRequest, milliseconds: number): Waiting {
    const { tenantId } = request.token;
    const own = this.waitingOf.get(tenantId) ?? 0;
    if (this.closed || own >= MOST_WAITING.ofTenant || this.count >= MOST_WAITING.all) {
      return { result: Promise.resolve(undefined), cancel: () => undefined };
    }
    this.waitingOf.set(tenantId, own + 1);
    this.count += 1;
    const { promise, resolve } = Promise.withResolvers<ExecutionResult | undefined>();
    const key = pairKey(tenantId, request.id);
    const waiter: Waiter = { ...request, key, resolve };
    const ofKey = this.waiters.get(key) ?? new Set();
    this.waiters.set(key, ofKey.add(waiter));
    this.timer ??= setInterval(() => this.poll(), POLL_MS);
    const timeout = setTimeout(() => resolve(undefined), milliseconds);
    const result = promise.finally(() => {
      clearTimeout(timeout);
      this.remove(waiter);
    });
    return { result, cancel: () => resolve(undefined) };
  }

  /** The execution ended, and this is how (in one process). */
  ended({ tenantId, id }: ExecutionPair, result: ExecutionResult): void {
    this.settle(pairKey(tenantId, id), result);
  }

  /** Somebody says that these ended: a message only tells where to look. */
  look(pairs: Iterable<ExecutionPair>): void {
    for (const { tenantId, id } of pairs) this.lookFor(pairKey(tenantId, id));
  }

  /** Answers all who wait with what is known: nothing. */
  close(): void {
    this.closed = true;
    clearInterval(this.timer);
    this.timer = undefined;
    for (const waiters of this.waiters.values()) {
      for (const { resolve } of waiters) resolve(undefined);
    }
  }

  private poll(): void {
    for (const key of [...this.waiters.keys()]) this.lookFor(key);
  }

  private settle(key: TenantKey, result: ExecutionResult): void {
    for (const { resolve } of this.waiters.get(key) ?? []) resolve(result);
  }

  /** Those who wait for one execution are of its tenant: the first reads for all. */
  private lookFor(key: TenantKey): void {
    const [first] = this.waiters.get(key) ?? [];
    if (first) void this.read(first);
  }

  private async read(waiter: Waiter): Promise<void> {
    try {
      const result = await this.reader.read(waiter);
      if (result && isFinal(result.status)) this.settle(waiter.key, result);
    } catch (error) {
      this.logger.warn({ err: error, executionId: waiter.id }, 'a result could not be read yet');
    }
  }

  private remove(waiter: Waiter): void {
    const ofKey = this.waiters.get(waiter.key);
    ofKey?.delete(waiter);
    if (ofKey?.size === 0) this.waiters.delete(waiter.key);
    this.count -= 1;
    const { tenantId } = waiter.token;
    const own = (this.waitingOf.get(tenantId) ?? 1) - 1;
    if (own === 0) this.waitingOf.delete(tenantId);
    else this.waitingOf.set(tenantId, own);
    if (this.waiters.size > 0 || this.timer === undefined) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
