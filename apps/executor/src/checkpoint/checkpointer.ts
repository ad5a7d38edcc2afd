import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import { bisect, FlushLanes, type BatchWriter, type TenantToken } from '@easyflow/tenant-context';
import type { TenantTokens } from '../claiming/tenant-tokens';
import { isSampled, traced } from '../execution/traced';
import { flushDuration, flushesRepeated, flushSize } from '../executor-metrics';
import type { Checkpoint } from './checkpoint';
import { flush, type Bundle, type OutboxRow, type Written } from './flush';
import { isDataError } from './data-error';

/** What became of the rows of a flush. */
export interface FlushListener {
  /** In the order of the flush; `written` is undefined for an execution that is no longer ours. */
  flushed(results: readonly { readonly row: Checkpoint; readonly written: Written }[]): void;
  /** The row alone cannot be stored: its data is refused. */
  refused(row: Checkpoint, error: Error): void;
  /** The lease ended before the row could be stored. */
  late(row: Checkpoint): void;
}

export interface CheckpointerOptions {
  readonly writer: BatchWriter;
  readonly tokens: TenantTokens;
  readonly owner: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What bisecting a flush says of a row. */
type Settled = { item: Checkpoint; result?: Written; error?: Error };

/** Two connections: under load, while one commits, the other's batch is sent. */
const LANES = 2;
const MOST_ROWS = 300;
/** What a flush may write, about: one large checkpoint more fits, and a message of the protocol ends at 1 GB. */
const MOST_CHARACTERS = 16 * 1024 * 1024;
const MOST_TENANTS = 100;
const MOST_PUBLISHED = 600;
/** Published outbox rows of tenants without checkpoints wait this long for company. */
const PUBLISHED_WAIT_MS = 1_000;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 1_000;

/**
 * Gathers checkpoints and writes them in natural batches: whatever has gathered, of at most 100 tenants, when
 * `FlushLanes` says.
 */
export class Checkpointer {
  private queue: Checkpoint[] = [];
  private published: OutboxRow[] = [];
  private publishedSince = 0;
  private readonly lanes = new FlushLanes({
    lanes: LANES,
    waiting: () => this.queue.length,
    flush: () => this.next(),
  });
  private waiting = 0;
  private draining = false;
  private retryMs = FIRST_RETRY_MS;
  private listener: FlushListener | undefined;

  constructor(private readonly options: CheckpointerOptions) {}

  listen(listener: FlushListener): void {
    this.listener = listener;
  }

  /** Whether nothing is queued or on its way; published outbox rows count once it drains. */
  get idle(): boolean {
    const forgotten = !this.draining || this.published.length === 0;
    return this.queue.length === 0 && this.lanes.idle && this.waiting === 0 && forgotten;
  }

  /** From now on nothing waits for company: the connections are closed soon. */
  drain(): void {
    this.draining = true;
    this.lanes.schedule();
  }

  add(row: Checkpoint): void {
    this.queue.push(row);
    this.lanes.schedule();
  }

  /** Outbox rows to be deleted with a next flush. What cannot be deleted is published again after 5 s. */
  forget(rows: readonly OutboxRow[]): void {
    if (this.published.length === 0) this.publishedSince = this.options.clock.monotonic();
    this.published.push(...rows);
    this.lanes.schedule();
    setTimeout(() => this.lanes.schedule(), PUBLISHED_WAIT_MS).unref();
  }

  private next(): Promise<void> | undefined {
    const bundle = this.takeBundle();
    return bundle && this.write(bundle);
  }

  private takeBundle(): Bundle | undefined {
    const tokens = new Map<string, TenantToken>();
    let schema: string | undefined;
    const fits = (token: TenantToken) => {
      if (!tokens.has(token.tenantId) && tokens.size >= MOST_TENANTS) return false;
      schema ??= token.placement.schema;
      if (token.placement.schema !== schema) return false;
      tokens.set(token.tenantId, token);
      return true;
    };
    const rows = this.takeRows(fits);
    const published = this.takePublished(rows.length > 0, fits);
    if (rows.length === 0 && published.length === 0) return undefined;
    rows.sort((a, b) => (a.execution.key < b.execution.key ? -1 : 1));
    return { tokens: [...tokens.values()], rows, published };
  }

  private takeRows(fits: (token: TenantToken) => boolean): Checkpoint[] {
    const rows: Checkpoint[] = [];
    const left: Checkpoint[] = [];
    const without: Checkpoint[] = [];
    let characters = 0;
    for (const row of this.queue) {
      if (this.isLate(row)) this.listener?.late(row);
      else if (rows.length >= MOST_ROWS || characters >= MOST_CHARACTERS) left.push(row);
      else {
        const token = this.options.tokens.get(row.tenantId, 'ef_writer');
        if (!token) without.push(row);
        else if (fits(token)) {
          rows.push(row);
          characters += charactersOf(row);
        } else left.push(row);
      }
    }
    this.queue = left;
    if (without.length > 0) void this.openAndRequeue(without);
    return rows;
  }

  private takePublished(withRows: boolean, fits: (token: TenantToken) => boolean): OutboxRow[] {
    if (this.published.length === 0) return [];
    const waited = this.options.clock.monotonic() - this.publishedSince;
    const mayWait = !withRows && !this.draining && this.published.length < MOST_ROWS;
    if (mayWait && waited < PUBLISHED_WAIT_MS) return [];
    const taken: OutboxRow[] = [];
    const left: OutboxRow[] = [];
    for (const row of this.published) {
      const token = this.options.tokens.get(row.tenantId, 'ef_writer');
      if (!token) continue;
      if (taken.length < MOST_PUBLISHED && fits(token)) taken.push(row);
      else left.push(row);
    }
    this.published = left;
    return taken;
  }

  private async write(bundle: Bundle): Promise<void> {
    const { logger, clock } = this.options;
    const begun = clock.monotonic();
    const measure = (outcome: 'written' | 'failed') =>
      flushDuration.record((clock.monotonic() - begun) / 1_000, { 'easyflow.outcome': outcome });
    flushSize.record(bundle.rows.length);
    let results: readonly Settled[];
    try {
      results = await this.flush(bundle);
      measure('written');
      this.retryMs = FIRST_RETRY_MS;
    } catch (error) {
      measure('failed');
      logger.warn({ error, rows: bundle.rows.length }, 'a flush failed and is repeated');
      if (bundle.rows.length > 0) this.repeat(bundle.rows);
      return;
    }
    try {
      this.settle(results);
    } catch (error) {
      // It is committed: repeating it would only find the executions gone.
      logger.error({ error }, 'what follows a flush failed');
    }
  }

  private async flush(bundle: Bundle): Promise<readonly Settled[]> {
    const { writer, owner } = this.options;
    if (bundle.rows.length === 0) {
      await flush(writer, owner(), bundle);
      return [];
    }
    let published = bundle.published;
    return await inTraceOf(bundle.rows, () =>
      bisect(
        bundle.rows,
        (rows) => {
          const part = { tokens: tokensOf(bundle.tokens, rows, published), rows, published };
          published = [];
          return flush(writer, owner(), part);
        },
        (row) => row.tenantId,
      ),
    );
  }

  private settle(results: readonly Settled[]): void {
    const flushed = results.filter(({ error }) => error === undefined);
    this.listener?.flushed(flushed.map(({ item, result }) => ({ row: item, written: result })));
    const again: Checkpoint[] = [];
    for (const { item, error } of results) {
      if (error === undefined) continue;
      if (isDataError(error)) this.listener?.refused(item, error);
      else {
        this.options.logger.warn({ error, tenantId: item.tenantId }, 'a tenant was refused');
        again.push(item);
      }
    }
    if (again.length > 0) this.repeat(again);
  }

  private repeat(rows: readonly Checkpoint[]): void {
    flushesRepeated.add(1);
    this.retryLater(rows);
  }

  /** The database is down, or the tenant is refused for now: until the lease ends it is tried again. */
  private retryLater(rows: readonly Checkpoint[]): void {
    this.waiting += rows.length;
    setTimeout(() => {
      this.waiting -= rows.length;
      this.queue.push(...rows);
      this.lanes.schedule();
    }, this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
  }

  private async openAndRequeue(rows: readonly Checkpoint[]): Promise<void> {
    this.waiting += rows.length;
    try {
      await this.options.tokens.open(rows.map((row) => row.execution.lease));
    } catch (error) {
      this.options.logger.warn({ error }, 'no tokens could be opened for checkpoints');
    }
    this.waiting -= rows.length;
    const [ready, without] = [[] as Checkpoint[], [] as Checkpoint[]];
    for (const row of rows) {
      (this.options.tokens.get(row.tenantId, 'ef_writer') ? ready : without).push(row);
    }
    this.queue.push(...ready);
    if (without.length > 0) this.retryLater(without);
    if (ready.length > 0) this.lanes.schedule();
  }

  private isLate(row: Checkpoint): boolean {
    return this.options.clock.monotonic() >= row.execution.lease.deadline;
  }
}

function charactersOf(row: Checkpoint): number {
  const { state, output, error, items, events } = row;
  let characters = 0;
  for (const text of [state, output, error, items, events]) characters += text?.length ?? 0;
  for (const { value } of row.addedValues) characters += value.length;
  for (const { input } of row.children) characters += input.length;
  return characters;
}

/** A flush serves many executions; it is shown in the trace of the first that is sampled. */
function inTraceOf<T>(rows: readonly Checkpoint[], work: () => Promise<T>): Promise<T> {
  const sampled = rows.find((row) => isSampled(row.execution.facts.traceParent));
  const attributes = { 'easyflow.flush.rows': rows.length };
  return traced(sampled?.execution.facts.traceParent, 'execution.checkpoint', attributes, work);
}

/** After a bisection a part needs the tokens of its own tenants only. */
function tokensOf(
  tokens: readonly TenantToken[],
  rows: readonly Checkpoint[],
  published: readonly OutboxRow[],
): TenantToken[] {
  const tenants = new Set([
    ...rows.map((row) => row.tenantId),
    ...published.map((row) => row.tenantId),
  ]);
  return tokens.filter((token) => tenants.has(token.tenantId));
}
