import { isFinal } from '@easyflow/contracts-http';
import type { Logger } from '@easyflow/platform-telemetry';
import type { ExecutionResult } from './execution-result';
import type { ResultReader, ResultRequest } from './result-reader';

/** A lost message costs a waiting request this much, never its result. */
const POLL_MS = 1_000;

interface Waiter extends ResultRequest {
  resolve: (result: ExecutionResult | undefined) => void;
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
  private readonly waiters = new Map<string, Set<Waiter>>();
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly reader: Pick<ResultReader, 'read'>,
    private readonly logger: Logger,
  ) {}

  wait(request: ResultRequest, milliseconds: number): Waiting {
    const { promise, resolve } = Promise.withResolvers<ExecutionResult | undefined>();
    if (this.closed) resolve(undefined);
    const waiter: Waiter = { ...request, resolve };
    const ofId = this.waiters.get(request.id) ?? new Set();
    this.waiters.set(request.id, ofId.add(waiter));
    this.timer ??= setInterval(() => this.poll(), POLL_MS);
    const timeout = setTimeout(() => resolve(undefined), milliseconds);
    const result = promise.finally(() => {
      clearTimeout(timeout);
      this.remove(waiter);
    });
    return { result, cancel: () => resolve(undefined) };
  }

  /** The execution ended, and this is how (in one process). */
  ended(id: string, result: ExecutionResult): void {
    for (const { resolve } of this.waiters.get(id) ?? []) resolve(result);
  }

  /** Somebody says that these ended: a message only tells where to look. */
  look(ids: Iterable<string>): void {
    for (const id of ids) {
      const [first] = this.waiters.get(id) ?? [];
      if (first) void this.read(first);
    }
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
    this.look([...this.waiters.keys()]);
  }

  /** Those who wait for one id are of one tenant: an id is only waited for after its tenant was checked. */
  private async read(waiter: Waiter): Promise<void> {
    try {
      const result = await this.reader.read(waiter);
      if (result && isFinal(result.status)) this.ended(waiter.id, result);
    } catch (error) {
      this.logger.warn({ err: error, executionId: waiter.id }, 'a result could not be read yet');
    }
  }

  private remove(waiter: Waiter): void {
    const ofId = this.waiters.get(waiter.id);
    ofId?.delete(waiter);
    if (ofId?.size === 0) this.waiters.delete(waiter.id);
    if (this.waiters.size > 0 || this.timer === undefined) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
