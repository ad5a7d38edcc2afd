import { UserError } from '@easyflow/kernel-errors';
import type { Clock } from '@easyflow/kernel-time';
import type { StartGate } from '@easyflow/platform-limiter';
import type { Logger } from '@easyflow/platform-telemetry';
import {
  bisect,
  bundles,
  TenantRates,
  type DatabaseAccess,
  type Lease,
  type LeaseOwner,
  type TenantToken,
} from '@easyflow/tenant-context';
import { firingLag, schedulesHeldBack, schedulesSkipped, ticksFired } from '../scheduler-metrics';
import { loadEnds, loadSchedules } from './firing.statements';
import { awaitedExecution, planOf, type Plan, type ScheduleRow } from './plan';
import { withinRate } from './within-rate';
import { writePlans } from './write-plans';

/** What a round of firing did. */
export interface Round {
  /** Schedules claimed; as many as asked for means that more may be due. */
  readonly claimed: number;
  readonly started: number;
  /** A tenant for which something was started, for the hint. */
  readonly tenant: TenantToken | undefined;
  /** When the next of the schedules seen comes due, milliseconds since the epoch. */
  readonly nextDue: number;
}

export const MOST_AT_ONCE = 200;
/** Tenants whose schedules are read at the same time. */
const READERS = 4;

/** Claims due schedules and fires their ticks. */
export class ScheduleFirer {
  private readonly rates: TenantRates;

  constructor(
    private readonly database: DatabaseAccess,
    private readonly starts: StartGate,
    private readonly leaseMs: number,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.rates = new TenantRates(database, clock);
  }

  /** @throws OperationalError when the database is down; what was claimed is then due again after its lease */
  async round(owner: LeaseOwner): Promise<Round> {
    const { claims } = this.database;
    const leases = await claims.claim(owner, ['schedule'], MOST_AT_ONCE, this.leaseMs);
    if (leases.length === 0) {
      return { claimed: 0, started: 0, tenant: undefined, nextDue: Infinity };
    }
    const tokens = await claims.open(owner, leases);
    const plans = await this.plan(leases, tokens);
    const written = await this.write(owner, plans, tokens);
    await claims.release(owner, leases);
    return { claimed: leases.length, ...written, nextDue: earliest(plans) };
  }

  private async plan(leases: readonly Lease[], tokens: readonly TenantToken[]): Promise<Plan[]> {
    const waiting = tokens.filter((token) => token.audience === 'ef_scheduler');
    const plans: Plan[] = [];
    const read = async () => {
      for (let token = waiting.pop(); token; token = waiting.pop()) {
        const own = leases.filter((lease) => lease.tenantId === token.tenantId);
        plans.push(...(await this.admit(token, await this.planTenant(token, own))));
      }
    };
    await Promise.all(Array.from({ length: READERS }, read));
    return plans;
  }

  /** Ticks that are over their tenant's rate wait, and fall together meanwhile. */
  private async admit(token: TenantToken, plans: readonly Plan[]): Promise<Plan[]> {
    if (!plans.some((plan) => plan.kind === 'move' && plan.ticks.length > 0)) return [...plans];
    const perSecond = await this.rates.startsPerSecond(token);
    const waits = (count: number): Promise<number> =>
      this.starts.admit(token.tenantId, perSecond, count);
    const admitted = await Promise.all(
      plans.map((plan) => withinRate(plan, this.clock.now(), waits)),
    );
    schedulesHeldBack.add(admitted.filter((plan, at) => plan !== plans[at]).length);
    return admitted;
  }

  private planTenant(token: TenantToken, leases: readonly Lease[]): Promise<Plan[]> {
    return this.database.tenant(token, async (session) => {
      const { rows } = await session.query<ScheduleRow>({
        ...loadSchedules,
        values: [leases.map((lease) => lease.id)],
      });
      const awaited = rows.flatMap((row) => awaitedExecution(row) ?? []);
      const ends = new Map<string, number>();
      if (awaited.length > 0) {
        const found = await session.query<{ id: string; ended_at: Date | null }>({
          ...loadEnds,
          values: [awaited],
        });
        for (const row of found.rows) if (row.ended_at) ends.set(row.id, row.ended_at.getTime());
      }
      const byId = new Map(rows.map((row) => [row.id, row]));
      return leases.flatMap((lease) => this.planOne(lease, byId.get(lease.id), ends));
    });
  }

  private planOne(
    lease: Lease,
    row: ScheduleRow | undefined,
    ends: ReadonlyMap<string, number>,
  ): Plan[] {
    if (!row) return [{ kind: 'remove', lease }];
    try {
      return [planOf(lease, row, this.clock.now(), (id) => ends.get(id))];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.logger.error({ error, scheduleId: row.id }, 'a schedule cannot be read; it is at rest');
      const lastTick = row.last_tick?.getTime();
      const ticks = { lastTick, tickBefore: lastTick, nextTick: undefined };
      const rest = { ticks: [], skips: false, dueAt: Infinity, latest: (tick: number) => tick };
      return [{ kind: 'move', lease, ...rest, ...ticks }];
    }
  }

  private async write(
    owner: LeaseOwner,
    plans: readonly Plan[],
    tokens: readonly TenantToken[],
  ): Promise<{ started: number; tenant: TenantToken | undefined }> {
    const writers = new Map(
      tokens.filter((token) => token.audience === 'ef_writer').map((t) => [t.tenantId, t]),
    );
    const items = plans.flatMap((plan) => {
      const token = writers.get(plan.lease.tenantId);
      return token ? [{ token, id: plan.lease.id, plan }] : [];
    });
    let started = 0;
    let tenant: TenantToken | undefined;
    for (const bundle of bundles(items, MOST_AT_ONCE, this.database.clock.now()).bundles) {
      const results = await bisect(
        bundle.items,
        (part) => this.writePart(owner.owner, bundle.tokens, part),
        (item) => item.plan.lease.tenantId,
      );
      this.measure(results.flatMap(({ item, result }) => (result?.started ? [item.plan] : [])));
      for (const { item, result, error } of results) {
        if (error) this.logger.error({ error, scheduleId: item.id }, 'a schedule was not fired');
        if (!result || result.started === 0) continue;
        started += result.started;
        tenant = item.token;
      }
    }
    ticksFired.add(started);
    return { started, tenant };
  }

  /** Of schedules that started something in one transaction. */
  private measure(fired: readonly Plan[]): void {
    const now = this.clock.now();
    let oldest = Infinity;
    let skipping = 0;
    for (const plan of fired) {
      if (plan.kind !== 'move') continue;
      if (plan.skips) skipping += 1;
      for (const { at } of plan.ticks) oldest = Math.min(oldest, at);
    }
    schedulesSkipped.add(skipping);
    if (oldest < Infinity) firingLag.record(Math.max(0, now - oldest) / 1_000);
  }

  private writePart(
    owner: string,
    tokens: readonly TenantToken[],
    items: readonly { token: TenantToken; plan: Plan }[],
  ) {
    const tenants = new Set(items.map(({ token }) => token.tenantId));
    return writePlans(
      this.database.writer,
      owner,
      tokens.filter((token) => tenants.has(token.tenantId)),
      items.map(({ plan }) => plan),
    );
  }
}

function earliest(plans: readonly Plan[]): number {
  return plans.reduce(
    (first, plan) => (plan.kind === 'move' ? Math.min(first, plan.dueAt) : first),
    Infinity,
  );
}
