import type { FlowVersion } from '@easyflow/contracts-http';
import { UserError } from '@easyflow/kernel-errors';
import type { DatabaseAccess, TenantSession, TenantToken } from '@easyflow/tenant-context';
import { LAST_ID } from '../http/cursor';
import {
  listActiveFlows,
  listFlowVersions,
  readActiveFlow,
  readFlowDocument,
  readFlowVersion,
  readInputSchema,
} from './flow.statements';

export interface FlowName {
  namespace: string;
  name: string;
}

export interface StoredDocument {
  /** JSON text of the parsed document. */
  document: string;
  /** As it was applied. */
  source: string;
  mediaType: string;
}

interface VersionRow {
  id: string;
  namespace: string;
  name: string;
  version: string;
  active: boolean;
  created_at: Date;
}

/** Flows of one tenant, read in the tenant's own session: what a request needs must not come over Kafka. */
export class FlowRepository {
  constructor(private readonly database: Pick<DatabaseAccess, 'tenant'>) {}

  /**
   * The active version of a flow.
   * @throws UserError `flow.unknown`, `flow.not_active`
   */
  async active(token: TenantToken, flow: FlowName): Promise<string> {
    const { rows } = await this.database.tenant(token, (session) =>
      session.queryLast<{ version: string | null }>({
        ...readActiveFlow,
        values: [flow.namespace, flow.name],
      }),
    );
    const row = rows[0];
    if (!row) throw unknownFlow(flow);
    if (row.version === null) {
      throw new UserError(
        'flow.not_active',
        `No version of the flow ${flow.namespace}/${flow.name} is active; activate one or name one`,
        { status: 404 },
      );
    }
    return row.version;
  }

  /** @throws UserError `flow.unknown`, `flow.version_unknown` */
  async version(token: TenantToken, flow: FlowName, version: string): Promise<FlowVersion> {
    return this.database.tenant(token, async (session) =>
      itemOf(await versionRow(session, flow, version)),
    );
  }

  /** @throws UserError `flow.unknown`, `flow.version_unknown` */
  async document(token: TenantToken, flow: FlowName, version: string): Promise<StoredDocument> {
    return this.database.tenant(token, async (session) => {
      const { rows } = await session.query<{
        document: string;
        source: string;
        media_type: string;
      }>({ ...readFlowDocument, values: [flow.namespace, flow.name, version] });
      const row = rows[0];
      if (!row) throw await unknownVersion(session, flow, version);
      return { document: row.document, source: row.source, mediaType: row.media_type };
    });
  }

  /**
   * JSON text of a version's `input.schema`; undefined when it has none.
   * @throws UserError `flow.unknown`, `flow.version_unknown`
   */
  async inputSchema(
    token: TenantToken,
    flow: FlowName,
    version: string,
  ): Promise<string | undefined> {
    return this.database.tenant(token, async (session) => {
      const { rows } = await session.query<{ schema: string | null }>({
        ...readInputSchema,
        values: [flow.namespace, flow.name, version],
      });
      const row = rows[0];
      if (!row) throw await unknownVersion(session, flow, version);
      return row.schema ?? undefined;
    });
  }

  /** Active versions after a flow, by namespace and name. */
  async listActive(token: TenantToken, after: FlowName, limit: number): Promise<FlowVersion[]> {
    const { rows } = await this.database.tenant(token, (session) =>
      session.queryLast<VersionRow>({
        ...listActiveFlows,
        values: [session.tenantId, after.namespace, after.name, limit],
      }),
    );
    return rows.map(itemOf);
  }

  /**
   * Versions of a flow, newest first, with the ids that page them.
   * @throws UserError `flow.unknown`
   */
  async listVersions(
    token: TenantToken,
    flow: FlowName,
    before: string | undefined,
    limit: number,
  ): Promise<{ id: string; item: FlowVersion }[]> {
    const { rows } = await this.database.tenant(token, (session) =>
      session.queryLast<VersionRow>({
        ...listFlowVersions,
        values: [session.tenantId, flow.namespace, flow.name, before ?? LAST_ID, limit],
      }),
    );
    if (rows.length === 0 && before === undefined) throw unknownFlow(flow);
    return rows.map((row) => ({ id: row.id, item: itemOf(row) }));
  }
}

async function versionRow(
  session: TenantSession,
  flow: FlowName,
  version: string,
): Promise<VersionRow> {
  const { rows } = await session.query<VersionRow>({
    ...readFlowVersion,
    values: [flow.namespace, flow.name, version],
  });
  const row = rows[0];
  if (!row) throw await unknownVersion(session, flow, version);
  return row;
}

async function unknownVersion(
  session: TenantSession,
  flow: FlowName,
  version: string,
): Promise<UserError> {
  const { rowCount } = await session.query({
    ...readActiveFlow,
    values: [flow.namespace, flow.name],
  });
  if (rowCount === 0) return unknownFlow(flow);
  return new UserError(
    'flow.version_unknown',
    `The flow ${flow.namespace}/${flow.name} has no version ${version}`,
    { status: 404 },
  );
}

/** The same for a flow of another tenant and one that does not exist. */
export function unknownFlow({ namespace, name }: FlowName): UserError {
  return new UserError('flow.unknown', `There is no flow ${namespace}/${name}`, { status: 404 });
}

function itemOf(row: VersionRow): FlowVersion {
  return {
    namespace: row.namespace,
    name: row.name,
    version: row.version,
    active: row.active,
    createdAt: new Date(row.created_at).toISOString(),
  };
}
