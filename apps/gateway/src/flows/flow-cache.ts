import type { Clock } from '@easyflow/kernel-time';
import { DividedCache, pairKey, type TenantKey, type TenantToken } from '@easyflow/tenant-context';
import { LRUCache } from 'lru-cache';
import type { FlowInput } from './flow-inputs';
import type { FlowName, FlowRepository } from './flow.repository';

/** While notices arrive, an activation is known at once; this bounds the delay of one that was lost. */
const FRESH_WITH_NOTICES_MS = 5_000;
const FRESH_WITHOUT_NOTICES_MS = 1_000;
const MAX_FLOWS = 50_000;
/** Characters of schemas, and some for each flow: compiled, a small schema takes about as much memory as 5 kB of them. */
const KEPT = { ofTenant: 2_000_000, all: 24_000_000 } as const;
const SIZE_OF_A_FLOW = 5_000;

/** A version of a flow, as far as accepting an execution needs it. */
export interface AcceptedFlow {
  version: string;
  /** Undefined when it takes any input. */
  input: FlowInput | undefined;
}

interface ActiveEntry {
  version: string;
  /** Monotonic milliseconds. */
  readAt: number;
}

export interface FlowCacheOptions {
  flows: Pick<FlowRepository, 'active' | 'inputSchema'>;
  /** Whether notices of activations arrive now. */
  noticesArrive: () => boolean;
  clock: Clock;
}

/**
 * The flow versions that executions start with, bounded in number and in age. Versions are immutable, so only the
 * question which one is active grows old. Everything is kept by tenant: no column of a row that one tenant may write
 * says that its document is another's, and who has many flows forgets its own.
 */
export class FlowCache {
  private readonly active = new LRUCache<TenantKey, ActiveEntry>({ max: MAX_FLOWS });
  private readonly inputs = new DividedCache<{ input: FlowInput | undefined }>(KEPT);
  private readonly reading = new Map<TenantKey, Promise<string>>();
  private readonly loading = new Map<TenantKey, Promise<FlowInput | undefined>>();

  constructor(private readonly options: FlowCacheOptions) {}

  /**
   * The named version, or the active one.
   * @throws UserError `flow.unknown`, `flow.not_active`, `flow.version_unknown`
   */
  async resolve(token: TenantToken, flow: FlowName, version?: string): Promise<AcceptedFlow> {
    const resolved =
      version ?? this.freshActive(token, flow) ?? (await this.readActive(token, flow));
    const key = pairKey(token.tenantId, flow.namespace, flow.name, resolved);
    const known = this.inputs.get(token.tenantId, key);
    if (known) return { version: resolved, input: known.input };
    const load = () => this.load(key, token, flow, resolved);
    return { version: resolved, input: await once(this.loading, key, load) };
  }

  /** An activation was announced: the next start reads again, and what is being read is not kept. */
  forget(tenantId: string, flow: FlowName): void {
    const key = activeKey(tenantId, flow);
    this.active.delete(key);
    this.reading.delete(key);
  }

  /** Notices may have been missed. */
  forgetAll(): void {
    this.active.clear();
    this.reading.clear();
  }

  private freshActive(token: TenantToken, flow: FlowName): string | undefined {
    const entry = this.active.get(activeKey(token.tenantId, flow));
    if (!entry) return undefined;
    const limit = this.options.noticesArrive() ? FRESH_WITH_NOTICES_MS : FRESH_WITHOUT_NOTICES_MS;
    return this.options.clock.monotonic() - entry.readAt < limit ? entry.version : undefined;
  }

  private readActive(token: TenantToken, flow: FlowName): Promise<string> {
    const key = activeKey(token.tenantId, flow);
    return once(this.reading, key, async (isCurrent) => {
      const readAt = this.options.clock.monotonic();
      const version = await this.options.flows.active(token, flow);
      // Else a notice came meanwhile: what was read may be what was active before.
      if (isCurrent()) this.active.set(key, { version, readAt });
      return version;
    });
  }

  private async load(
    key: TenantKey,
    token: TenantToken,
    flow: FlowName,
    version: string,
  ): Promise<FlowInput | undefined> {
    const { tenantId } = token;
    const schema = await this.options.flows.inputSchema(token, flow, version);
    const input = schema === undefined ? undefined : { tenantId, key, schema };
    this.inputs.set(tenantId, key, { input }, SIZE_OF_A_FLOW + (schema?.length ?? 0));
    return input;
  }
}

/** One read at a time for the same question; it is current until it has ended or is taken out of `running`. */
function once<T>(
  running: Map<TenantKey, Promise<T>>,
  key: TenantKey,
  read: (isCurrent: () => boolean) => Promise<T>,
): Promise<T> {
  const known = running.get(key);
  if (known) return known;
  const isCurrent = (): boolean => running.get(key) === started;
  const started: Promise<T> = read(isCurrent).finally(() => {
    if (isCurrent()) running.delete(key);
  });
  running.set(key, started);
  return started;
}

function activeKey(tenantId: string, { namespace, name }: FlowName): TenantKey {
  return pairKey(tenantId, namespace, name);
}
