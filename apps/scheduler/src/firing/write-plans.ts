import {
  pairKey,
  type BatchSession,
  type BatchWriter,
  type TenantKey,
  type TenantToken,
} from '@easyflow/tenant-context';
import {
  bindTicks,
  enqueueTicks,
  insertTicks,
  moveSchedules,
  removeWork,
} from './firing.statements';
import type { Plan, Tick } from './plan';

type Move = Extract<Plan, { kind: 'move' }>;

/** What became of a plan: how many executions it started; undefined when the schedule was no longer ours. */
export type Fired = { readonly started: number } | undefined;

/**
 * Writes the plans of at most 100 tenants of one placement in one transaction: the next tick, and for each tick a
 * key that can exist once, its execution and its work row. Answers by position.
 * @throws what the batch writer throws; then nothing is written
 */
export function writePlans(
  writer: BatchWriter,
  owner: string,
  tokens: readonly TenantToken[],
  plans: readonly Plan[],
): Promise<Fired[]> {
  return writer.transaction(tokens, async (session) => {
    const removals = plans.filter((plan) => plan.kind === 'remove');
    const moves = plans.filter((plan) => plan.kind === 'move');
    const removed = removals.length > 0 ? remove(session, owner, removals) : undefined;
    const moved = moves.length > 0 ? await move(session, owner, moves) : new Set<TenantKey>();
    await removed;
    const ours = moves.filter(({ lease }) => moved.has(pairKey(lease.tenantId, lease.id)));
    const started = await startTicks(session, ours);
    return plans.map((plan) => {
      if (plan.kind === 'remove') return { started: 0 };
      const { tenantId, id } = plan.lease;
      if (!moved.has(pairKey(tenantId, id))) return undefined;
      const own = plan.ticks.filter((tick) => started.has(pairKey(tenantId, tick.executionId)));
      return { started: own.length };
    });
  });
}

async function move(
  session: BatchSession,
  owner: string,
  plans: readonly Move[],
): Promise<Set<TenantKey>> {
  const { rows } = await session.query<{ tenant_id: string; id: string }>({
    ...moveSchedules,
    values: [
      plans.map(({ lease }) => lease.tenantId),
      plans.map(({ lease }) => lease.id),
      plans.map(({ lease }) => lease.claimNo),
      plans.map(({ lease }) => lease.wakeSeq),
      plans.map(({ dueAt }) => timeText(dueAt)),
      plans.map(({ lastTick }) => timeText(lastTick)),
      plans.map(({ nextTick }) => timeText(nextTick)),
      owner,
    ],
  });
  return new Set(rows.map((row) => pairKey(row.tenant_id, row.id)));
}

async function remove(session: BatchSession, owner: string, plans: readonly Plan[]): Promise<void> {
  await session.query({
    ...removeWork,
    values: [
      plans.map(({ lease }) => lease.tenantId),
      plans.map(({ lease }) => lease.id),
      plans.map(({ lease }) => lease.claimNo),
      plans.map(({ lease }) => lease.wakeSeq),
      owner,
    ],
  });
}

/** Starts the ticks that no one started before; returns their executions. Keys are bound in one order everywhere. */
async function startTicks(session: BatchSession, plans: readonly Move[]): Promise<Set<TenantKey>> {
  const all = plans.flatMap(({ lease, ticks }) =>
    ticks.map((tick): { tenantId: string; tick: Tick } => ({ tenantId: lease.tenantId, tick })),
  );
  all.sort((a, b) => compare(a.tenantId, b.tenantId) || compare(a.tick.key, b.tick.key));
  if (all.length === 0) return new Set();
  const { rows } = await session.query<{ tenant_id: string; execution_id: string }>({
    ...bindTicks,
    values: [
      all.map(({ tenantId }) => tenantId),
      all.map(({ tick }) => tick.key),
      all.map(({ tick }) => tick.executionId),
    ],
  });
  const bound = new Set(rows.map((row) => pairKey(row.tenant_id, row.execution_id)));
  const fresh = all.filter(({ tenantId, tick }) => bound.has(pairKey(tenantId, tick.executionId)));
  if (fresh.length === 0) return bound;
  const tenants = fresh.map(({ tenantId }) => tenantId);
  const ids = fresh.map(({ tick }) => tick.executionId);
  const namespaces = fresh.map(({ tick }) => tick.flow.namespace);
  const names = fresh.map(({ tick }) => tick.flow.name);
  await Promise.all([
    session.query({
      ...insertTicks,
      values: [
        tenants,
        ids,
        namespaces,
        names,
        fresh.map(({ tick }) => tick.flow.version),
        fresh.map(({ tick }) => tick.parentKey),
      ],
    }),
    session.query({ ...enqueueTicks, values: [tenants, ids, namespaces, names] }),
  ]);
  return bound;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function timeText(time: number | undefined): string | null {
  if (time === undefined) return null;
  return Number.isFinite(time) ? new Date(time).toISOString() : 'infinity';
}
