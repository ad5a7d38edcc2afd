import { loadFlow, type Json, type Program } from '@easyflow/engine';
import { UserError } from '@easyflow/kernel-errors';
import {
  DividedCache,
  pairKey,
  type DatabaseAccess,
  type TenantKey,
  type TenantToken,
} from '@easyflow/tenant-context';
import { selectDocument } from './program.statements';
import { LARGE_DOCUMENT, ThreadProgram } from './thread-program';

export interface FlowVersion {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
}

/** Compiled here, or to be compiled by a thread. */
export type RunnableProgram = Program | ThreadProgram;

/**
 * Characters of documents, and some for each: some 150 MB of programs at most. A few dozen documents of 1 MB would fill
 * the heap; a tenant that has many large ones forgets its own.
 */
const KEPT = { ofTenant: 1_500_000, all: 4_000_000 } as const;
const SIZE_OF_A_PROGRAM = 2_000;

/** Compiled flow versions. Versions are immutable, so nothing here is ever wrong, only forgotten. */
export class ProgramCache {
  private readonly programs = new DividedCache<RunnableProgram>(KEPT);
  private readonly loading = new Map<TenantKey, Promise<RunnableProgram>>();

  constructor(private readonly database: Pick<DatabaseAccess, 'tenant'>) {}

  peek(tenantId: string, flow: FlowVersion): RunnableProgram | undefined {
    return this.programs.get(tenantId, keyOf(tenantId, flow));
  }

  /**
   * The program, compiled once however many ask.
   * @throws UserError `flow.not_found`: the execution cannot run
   * @throws OperationalError `execution.not_for_this_process` when a newer version accepted the document; others when
   * the database is down
   */
  get(token: TenantToken, flow: FlowVersion): Promise<RunnableProgram> {
    const key = keyOf(token.tenantId, flow);
    const loading = this.loading.get(key) ?? this.load(token, flow, key);
    this.loading.set(key, loading);
    return loading;
  }

  private async load(
    token: TenantToken,
    flow: FlowVersion,
    key: TenantKey,
  ): Promise<RunnableProgram> {
    try {
      const { rows } = await this.database.tenant(token, (session) =>
        session.query<{ document: string }>({
          ...selectDocument,
          values: [flow.namespace, flow.name, flow.version],
        }),
      );
      const row = rows[0];
      if (!row) {
        const name = `${flow.namespace}/${flow.name} ${flow.version}`;
        throw new UserError('flow.not_found', `The flow ${name} does not exist`, { status: 404 });
      }
      const program = runnable(row.document);
      this.programs.set(token.tenantId, key, program, SIZE_OF_A_PROGRAM + program.size);
      return program;
    } finally {
      this.loading.delete(key);
    }
  }
}

/** @throws NotForThisProcess when a newer version has accepted the document */
function runnable(document: string): RunnableProgram {
  if (document.length > LARGE_DOCUMENT) return new ThreadProgram(document);
  return loadFlow(JSON.parse(document) as Json);
}

function keyOf(tenantId: string, { namespace, name, version }: FlowVersion): TenantKey {
  return pairKey(tenantId, namespace, name, version);
}
