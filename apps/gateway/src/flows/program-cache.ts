import { loadFlow, type Json, type Program } from '@easyflow/engine';
import type { Clock } from '@easyflow/kernel-time';
import { pairKey, type TenantKey, type TenantToken } from '@easyflow/tenant-context';
import { LRUCache } from 'lru-cache';
import type { FlowName, FlowRepository } from './flow.repository';

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
  version: string;
  /** Monotonic milliseconds. */
  readAt: number;
}

export interface ProgramCacheOptions {
  flows: Pick<FlowRepository, 'active' | 'document'>;
  /** Whether notices of activations arrive now. */
  noticesArrive: () => boolean;
  clock: Clock;
}

/**
 * The flow versions that executions start with, bounded in number and in age. Versions are immutable, so only the
 * question which one is active grows old. Everything is kept by tenant: no column of a row that one tenant may write
 * says that its document is another's.
 */
export class ProgramCache {
  private readonly active = new LRUCache<TenantKey, ActiveEntry>({ max: MAX_FLOWS });
  private readonly programs = new LRUCache<TenantKey, Program>({
    max: MAX_PROGRAMS,
    maxSize: MAX_PROGRAM_SIZE,
    sizeCalculation: ({ size }) => size,
  });
  private readonly reading = new Map<TenantKey, Promise<string>>();
  private readonly compiling = new Map<TenantKey, Promise<Program>>();

  constructor(private readonly options: ProgramCacheOptions) {}

  /**
   * The named version, or the active one.
   * @throws UserError `flow.unknown`, `flow.not_active`, `flow.version_unknown`
   */
  async resolve(token: TenantToken, flow: FlowName, version?: string): Promise<CompiledFlow> {
    const resolved =
      version ?? this.freshActive(token, flow) ?? (await this.readActive(token, flow));
    const key = pairKey(token.tenantId, flow.namespace, flow.name, resolved);
    const program =
      this.programs.get(key) ??
      (await once(this.compiling, key, () => this.compile(key, token, flow, resolved)));
    return { version: resolved, program };
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

  private async compile(
    key: TenantKey,
    token: TenantToken,
    flow: FlowName,
    version: string,
  ): Promise<Program> {
    const { document } = await this.options.flows.document(token, flow, version);
    const program = loadFlow(JSON.parse(document) as Json);
    this.programs.set(key, program);
    return program;
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
