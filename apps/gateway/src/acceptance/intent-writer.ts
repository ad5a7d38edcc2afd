import type { Dispatch } from '@easyflow/contracts-http';
import type { Json } from '@easyflow/engine';
import type { Clock } from '@easyflow/kernel-time';
import { isOwnerRefused } from '@easyflow/platform-database';
import {
  pairKey,
  type BatchSession,
  type BatchWriter,
  type LeaseOwner,
  type LocalDispatch,
  type TenantKey,
  type TenantToken,
} from '@easyflow/tenant-context';
import { executionsAccepted, intentFlushDuration, intentFlushSize } from '../gateway-metrics';
import { acceptExecutions, bindKeys, readBoundKeys } from './acceptance.statements';
import type { Intent, Outcome } from './intent';
import { textArray } from './text-array';

interface StartedRow {
  tenant_id: string;
  id: string;
  claim_no: number;
}

interface BoundKeyRow {
  tenant_id: string;
  key: string;
  request_hash: Buffer;
  execution_id: string;
  dispatch: Dispatch;
  status: string;
}

type Reservation = LeaseOwner & { leaseMs: number };

export interface IntentWriterOptions {
  writer: Pick<BatchWriter, 'transaction'>;
  localDispatch: LocalDispatch<Json> | undefined;
  /** Whether executors can be told now. */
  canHint: () => boolean;
  /** After the commit: tenants with executions that no executor knows of yet. */
  hint: (tenants: readonly TenantToken[]) => void;
  clock: Clock;
}

/** Writes a flush: one transaction for intents of at most 100 tenants, answered after its commit. */
export class IntentWriter {
  constructor(private readonly options: IntentWriterOptions) {}

  /** In the order of the intents. Rejects as a whole: the caller bisects. */
  async write(intents: readonly Intent[]): Promise<Outcome[]> {
    const dispatch: Dispatch = this.options.canHint() ? 'hinted' : 'deferred';
    const leasable = intents.filter(({ dueAt }) => dueAt === undefined);
    const owner =
      leasable.length > 0 ? this.options.localDispatch?.reserve(leasable.length) : undefined;
    const deadline = this.options.clock.monotonic() + (owner?.leaseMs ?? 0);
    const begun = this.options.clock.monotonic();
    const measure = (outcome: 'written' | 'failed') =>
      intentFlushDuration.record((this.options.clock.monotonic() - begun) / 1_000, {
        'easyflow.outcome': outcome,
      });
    intentFlushSize.record(intents.length);
    let started: Map<TenantKey, StartedRow>;
    let bound: Map<TenantKey, BoundKeyRow>;
    try {
      [started, bound] = await this.options.writer.transaction(tokensOf(intents), (session) =>
        this.statements(session, intents, dispatch, owner),
      );
    } catch (error) {
      measure('failed');
      if (owner) {
        this.options.localDispatch?.release(leasable.length);
        if (isOwnerRefused(error)) {
          // The tenants' rows are good: without the lease an executor claims them.
          this.options.localDispatch?.refused(owner);
          return this.write(intents);
        }
      }
      throw error;
    }
    measure('written');
    countAccepted(intents, started);
    if (owner) this.deliver(leasable, started, deadline);
    else this.hintOf(leasable, started);
    return intents.map((intent) => outcomeOf(intent, started, bound, dispatch));
  }

  private async statements(
    session: BatchSession,
    intents: readonly Intent[],
    dispatch: Dispatch,
    owner: Reservation | undefined,
  ): Promise<[Map<TenantKey, StartedRow>, Map<TenantKey, BoundKeyRow>]> {
    const grouped = groups(intents);
    const keyed = intents.some(({ idempotency }) => idempotency);
    // Of several statements none may bind keys after another: two flushes would wait for each other in a circle.
    const bound =
      keyed && grouped.length > 1 ? await bindAll(session, intents, dispatch) : undefined;
    const results = await Promise.all(
      grouped.map((group, index) => {
        const leasing = group[0]?.dueAt === undefined ? owner : undefined;
        const values = bound
          ? [...bindings([], dispatch), ...rows(group.filter(bound), leasing, false)]
          : [...bindings(group, dispatch), ...rows(group, leasing, true)];
        const statement = { ...acceptExecutions, values };
        // Where no key can be lost nothing follows, and COMMIT goes out in the same round trip.
        return keyed || index < grouped.length - 1
          ? session.query<StartedRow>(statement)
          : session.queryLast<StartedRow>(statement);
      }),
    );
    const started = new Map(
      results.flatMap(({ rows }) => rows).map((row) => [pairKey(row.tenant_id, row.id), row]),
    );
    const lost = intents.filter((intent) => intent.idempotency && !started.has(pairOf(intent)));
    return [started, await boundKeys(session, lost)];
  }

  private deliver(
    leasable: readonly Intent[],
    started: ReadonlyMap<TenantKey, StartedRow>,
    leaseDeadline: number,
  ): void {
    const born = leasable.flatMap((intent) => {
      const row = started.get(pairOf(intent));
      return row
        ? [
            {
              tenantId: intent.token.tenantId,
              id: intent.id,
              flow: intent.flow,
              input: intent.input,
              mode: intent.mode,
              claimNo: row.claim_no,
              wakeSeq: 0,
              leaseDeadline,
              traceParent: intent.traceParent,
              createdAt: intent.createdAt,
            },
          ]
        : [];
    });
    const unused = leasable.length - born.length;
    if (unused > 0) this.options.localDispatch?.release(unused);
    if (born.length > 0) this.options.localDispatch?.deliver(born);
  }

  private hintOf(intents: readonly Intent[], started: ReadonlyMap<TenantKey, StartedRow>): void {
    const due = intents.filter((intent) => started.has(pairOf(intent)));
    if (due.length > 0) this.options.hint(tokensOf(due));
  }
}

/** Those that may start at once, and the others by their due time and class. */
function groups(intents: readonly Intent[]): Intent[][] {
  if (intents.every(({ dueAt, workClass }) => dueAt === undefined && workClass === 0)) {
    return [[...intents]];
  }
  return [...Map.groupBy(intents, ({ dueAt, workClass }) => `${workClass} ${dueAt}`).values()];
}

function pairOf({ token, id }: Intent): TenantKey {
  return pairKey(token.tenantId, id);
}

function tokensOf(intents: readonly Intent[]): TenantToken[] {
  return [...new Map(intents.map(({ token }) => [token.tenantId, token])).values()];
}

/** Binds the keys of all intents; tells which intents may be stored: those whose key is now theirs, or without any. */
async function bindAll(
  session: BatchSession,
  intents: readonly Intent[],
  dispatch: Dispatch,
): Promise<(intent: Intent) => boolean> {
  const values = bindings(intents, dispatch);
  const bound = await session.query<{ tenant_id: string; execution_id: string }>({
    ...bindKeys,
    values,
  });
  const own = new Set(bound.rows.map((row) => pairKey(row.tenant_id, row.execution_id)));
  return (intent) => !intent.idempotency || own.has(pairOf(intent));
}

/** The first parameters of both statements: the keys, sorted. */
function bindings(intents: readonly Intent[], dispatch: Dispatch): unknown[] {
  const keyed = intents
    .flatMap(({ token, id, idempotency }) =>
      idempotency ? [{ tenantId: token.tenantId, id, ...idempotency }] : [],
    )
    .sort((a, b) => compare(a.tenantId, b.tenantId) || compare(a.key, b.key));
  return [
    textArray(keyed.map(({ tenantId }) => tenantId)),
    textArray(keyed.map(({ key }) => key)),
    keyed.map(({ requestHash }) => requestHash),
    textArray(keyed.map(({ id }) => id)),
    dispatch,
  ];
}

/** The others of `acceptExecutions`; `binds` says that it binds the keys of these itself. */
function rows(
  intents: readonly Intent[],
  owner: Reservation | undefined,
  binds: boolean,
): unknown[] {
  return [
    textArray(intents.map(({ token }) => token.tenantId)),
    textArray(intents.map(({ id }) => id)),
    textArray(intents.map(({ flow }) => flow.namespace)),
    textArray(intents.map(({ flow }) => flow.name)),
    textArray(intents.map(({ flow }) => flow.version)),
    textArray(intents.map(({ mode }) => mode)),
    textArray(intents.map(({ inputText }) => inputText)),
    textArray(intents.map(({ replySlot }) => replySlot ?? null)),
    textArray(intents.map(({ traceParent }) => traceParent)),
    textArray(intents.map(({ createdAt }) => new Date(createdAt).toISOString())),
    textArray(intents.map(({ idempotency }) => (binds && idempotency ? 't' : 'f'))),
    intents[0]?.workClass ?? 0,
    intents[0]?.dueAt === undefined ? null : new Date(intents[0].dueAt).toISOString(),
    owner?.owner ?? null,
    owner?.secret ?? null,
    owner?.leaseMs ?? null,
  ];
}

async function boundKeys(
  session: BatchSession,
  intents: readonly Intent[],
): Promise<Map<TenantKey, BoundKeyRow>> {
  if (intents.length === 0) return new Map();
  const { rows } = await session.query<BoundKeyRow>({
    ...readBoundKeys,
    values: [
      intents.map(({ token }) => token.tenantId),
      intents.map(({ idempotency }) => idempotency?.key),
    ],
  });
  return new Map(rows.map((row) => [pairKey(row.tenant_id, row.key), row]));
}

function outcomeOf(
  intent: Intent,
  started: ReadonlyMap<TenantKey, StartedRow>,
  bound: ReadonlyMap<TenantKey, BoundKeyRow>,
  dispatch: Dispatch,
): Outcome {
  if (started.has(pairOf(intent))) return { kind: 'accepted', id: intent.id, dispatch };
  const row = bound.get(pairKey(intent.token.tenantId, intent.idempotency?.key ?? ''));
  if (!row) return { kind: 'unbound' };
  if (!intent.idempotency?.requestHash.equals(row.request_hash)) return { kind: 'mismatched' };
  return {
    kind: 'replayed',
    id: row.execution_id,
    status: row.status,
    dispatch: row.dispatch,
  };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function countAccepted(intents: readonly Intent[], started: ReadonlyMap<TenantKey, unknown>): void {
  const accepted = intents.filter((intent) => started.has(pairOf(intent)));
  executionsAccepted.addEach(
    'easyflow.execution.mode',
    accepted.map(({ mode }) => mode),
  );
}
