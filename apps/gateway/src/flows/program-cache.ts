import { loadFlow, type Json, type Program } from '@easyflow/engine';
import type { Clock } from '@easyflow/kernel-time';
import type { TenantToken } from '@easyflow/tenant-context';
import { LRUCache } from 'lru-cache';
import type { FlowName, FlowRepository, ResolvedVersion } from './flow.repository';

/** While notices arrive, an activation is known at once; this bounds the delay of one that was lost. */
const FRESH_WITH_NOTICES_MS = 5_000;
const FRESH_WITHOUT_NOTICES_MS = 1_000;
const MAX_FLOWS = 50_000;
const MAX_PROGRAMS = 2_000;
/** Characters of documents: some 150 MB of programs at most. A few dozen documents of 1 MB would fill the heap. */
const MAX_PROGRAM_SIZE = 4_000_000;

/** A compiled version of a flow. */
export interface CompiledFlow {
  version: string;
  program: Program;
}

interface ActiveEntry {
  resolved: ResolvedVersion;
  /** Monotonic milliseconds. */
  readAt: number;
}

export interface ProgramCacheOptions {
  flows: Pick<FlowRepository, 'active' | 'version' | 'document'>;
  /** Whether notices of activations arrive now. */
  noticesArrive: () => boolean;
  clock: Clock;
}

/**
 * The flow versions that executions start with, bounded in number and in age. Versions are immutable, so only the
 * question which one is active grows old. Programs are kept by the hash of their content: tenants who apply the
 * same document share one compiled program, which holds nothing of either.
 */
export class ProgramCache {
  private readonly active = new LRUCache<string, ActiveEntry>({ max: MAX_FLOWS });
  private readonly versions = new LRUCache<string, ResolvedVersion>({ max: MAX_FLOWS });
  private readonly programs = new LRUCache<string, Program>({
    max: MAX_PROGRAMS,
    maxSize: MAX_PROGRAM_SIZE,
    sizeCalculation: ({ size }) => size,
  });
  private readonly reading = new Map<string, Promise<unknown>>();
  /** Rises with every notice: what was read before one is not kept after it. */
  private generation = 0;

  constructor(private readonly options: ProgramCacheOptions) {}

  /**
   * The named version, or the active one.
   * @throws UserError `flow.unknown`, `flow.not_active`, `flow.version_unknown`
   */
  async resolve(token: TenantToken, flow: FlowName, version?: string): Promise<CompiledFlow> {
    const resolved =
      version === undefined
        ? (this.freshActive(token, flow) ?? (await this.readActive(token, flow)))
        : await this.readVersion(token, flow, version);
    const program =
      this.programs.get(resolved.contentHash) ?? (await this.compile(token, flow, resolved));
    return { version: resolved.version, program };
  }

  /** An activation was announced: the next start reads again. */
  forget(tenantId: string, flow: FlowName): void {
    const key = activeKey(tenantId, flow);
    this.generation += 1;
    this.active.delete(key);
    this.reading.delete(`active ${key}`);
  }

  /** Notices may have been missed. */
  forgetAll(): void {
    this.generation += 1;
    this.active.clear();
  }

  private freshActive(token: TenantToken, flow: FlowName): ResolvedVersion | undefined {
    const entry = this.active.get(activeKey(token.tenantId, flow));
    if (!entry) return undefined;
    const limit = this.options.noticesArrive() ? FRESH_WITH_NOTICES_MS : FRESH_WITHOUT_NOTICES_MS;
    return this.options.clock.monotonic() - entry.readAt < limit ? entry.resolved : undefined;
  }

  private readActive(token: TenantToken, flow: FlowName): Promise<ResolvedVersion> {
    const key = activeKey(token.tenantId, flow);
    return this.once(`active ${key}`, async () => {
      const { generation } = this;
      const readAt = this.options.clock.monotonic();
      const resolved = await this.options.flows.active(token, flow);
      if (generation === this.generation) this.active.set(key, { resolved, readAt });
      return resolved;
    });
  }

  private async readVersion(
    token: TenantToken,
    flow: FlowName,
    version: string,
  ): Promise<ResolvedVersion> {
    const key = `${activeKey(token.tenantId, flow)} ${version}`;
    const known = this.versions.get(key);
    if (known) return known;
    return this.once(`version ${key}`, async () => {
      const { contentHash } = await this.options.flows.version(token, flow, version);
      const resolved = { version, contentHash };
      this.versions.set(key, resolved);
      return resolved;
    });
  }

  private compile(token: TenantToken, flow: FlowName, resolved: ResolvedVersion): Promise<Program> {
    // The key names the tenant: a read under one tenant's token is never another's to wait for.
    const key = `compile ${token.tenantId} ${resolved.contentHash}`;
    return this.once(key, async () => {
      const { document } = await this.options.flows.document(token, flow, resolved.version);
      const program = loadFlow(JSON.parse(document) as Json);
      this.programs.set(resolved.contentHash, program);
      return program;
    });
  }

  /** One read at a time for the same question. */
  private once<T>(key: string, read: () => Promise<T>): Promise<T> {
    const running = this.reading.get(key) as Promise<T> | undefined;
    if (running) return running;
    const started = read().finally(() => {
      if (this.reading.get(key) === started) this.reading.delete(key);
    });
    this.reading.set(key, started);
    return started;
  }
}

function activeKey(tenantId: string, { namespace, name }: FlowName): string {
  return `${tenantId} ${namespace}/${name}`;
}
