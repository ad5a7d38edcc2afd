import type { RunFlowEffect } from '@easyflow/engine';
import type { Clock } from '@easyflow/kernel-time';
import type { StartGate } from '@easyflow/platform-limiter';
import {
  pairKey,
  TenantRates,
  type DatabaseAccess,
  type TenantKey,
  type TenantToken,
} from '@easyflow/tenant-context';
import { LRUCache } from 'lru-cache';
import type { ChildExecution } from '../checkpoint/checkpoint';
import { countLevels, selectVersion } from './program.statements';

/** How long the active version of a flow is believed without a look, milliseconds. */
const LATEST_FOR_MS = 1_000;

/** Executions that wait for each other; only a flow that runs itself reaches it. */
const MOST_LEVELS = 1_000;

/** Finds which version a sub-flow runs, and makes the child that the next checkpoint inserts. */
export class SubFlows {
  private readonly versions = new LRUCache<TenantKey, { version: string; until: number }>({
    max: 5_000,
  });

  private readonly rates: TenantRates;

  constructor(
    private readonly database: Pick<DatabaseAccess, 'tenant'>,
    private readonly starts: StartGate,
    private readonly clock: Clock,
  ) {
    this.rates = new TenantRates(database, clock);
  }

  /**
   * Whether the tenant may start so many sub-flows now: 0, and they are counted; else milliseconds after which to ask
   * again, in line with the tenant's others unless it does not join.
   * @throws OperationalError when the database is down
   */
  async admit(token: TenantToken, count: number, joins: boolean): Promise<number> {
    const perSecond = await this.rates.startsPerSecond(token);
    return this.starts.admit(token.tenantId, perSecond, count, joins);
  }

  /**
   * The child of a `run: workflow`; undefined when the tenant has no such flow or version.
   * @throws OperationalError when the database is down
   */
  async child(token: TenantToken, effect: RunFlowEffect): Promise<ChildExecution | undefined> {
    const version = await this.version(token, effect.flow);
    if (version === undefined) return undefined;
    return {
      id: effect.childId,
      flow: { namespace: effect.flow.namespace, name: effect.flow.name, version },
      input: JSON.stringify(effect.input),
      parentKey: effect.await ? effect.key : undefined,
    };
  }

  /**
   * Whether so many executions wait for each other down to this one that it may wait for no further one.
   * @throws OperationalError when the database is down
   */
  async isTooDeep(token: TenantToken, executionId: string): Promise<boolean> {
    const { rows } = await this.database.tenant(token, (session) =>
      session.query<{ levels: number | null }>({
        ...countLevels,
        values: [executionId, MOST_LEVELS],
      }),
    );
    return (rows[0]?.levels ?? 0) >= MOST_LEVELS;
  }

  private async version(
    token: TenantToken,
    flow: RunFlowEffect['flow'],
  ): Promise<string | undefined> {
    const key = pairKey(token.tenantId, flow.namespace, flow.name, flow.version);
    const known = this.versions.get(key);
    if (known && known.until > this.clock.monotonic()) return known.version;
    const { rows } = await this.database.tenant(token, (session) =>
      session.query<{ version: string | null }>({
        ...selectVersion,
        values: [flow.namespace, flow.name, flow.version],
      }),
    );
    const version = rows[0]?.version ?? undefined;
    if (version === undefined) return undefined;
    const lasts = flow.version === 'latest' ? LATEST_FOR_MS : Infinity;
    this.versions.set(key, { version, until: this.clock.monotonic() + lasts });
    return version;
  }
}
