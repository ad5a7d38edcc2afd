import type { FlowReply } from '@easyflow/contracts-events';
import { readSchedule, type Json } from '@easyflow/engine';
import { UserError } from '@easyflow/kernel-errors';
import { newId } from '@easyflow/kernel-ids';
import { formatTime, type Clock } from '@easyflow/kernel-time';
import type { TenantSession } from '@easyflow/tenant-context';
import type { CheckedContent } from './check-document';
import {
  activateVersion,
  insertFlow,
  insertVersion,
  lockFlow,
  readVersion,
} from './registry.statements';
import { replaceSchedule } from './schedule.repository';

/** A document that was read and compiled, and how it came. */
export interface CheckedDocument extends CheckedContent {
  source: string;
  mediaType: string;
}

/** What becomes active. */
type ActiveVersion = Omit<CheckedContent, 'contentHash'>;

type Version = Extract<FlowReply, { kind: 'version' }>;

/** What a change did. `activated`: another version is active since. */
export interface Change {
  reply: Version;
  activated: boolean;
}

interface VersionRow {
  content_hash: string;
  created_at: Date;
  document: string;
}

/** Immutable versions and which of them is active, in the transaction of the session that is passed in. */
export class FlowVersionRepository {
  constructor(private readonly clock: Clock) {}

  /**
   * Stores a version. The same content again changes nothing, not even what is active.
   * @throws UserError `flow.version_conflict` (409) when the version exists with other content
   */
  async apply(
    session: TenantSession,
    document: CheckedDocument,
    activate: boolean,
  ): Promise<Change> {
    const { flow, contentHash } = document;
    const { namespace, name, version } = flow;
    const { tenantId } = session;
    await session.query({ ...insertFlow, values: [tenantId, namespace, name] });
    const active = await this.lock(session, flow);
    const existing = await this.read(session, flow);
    if (existing) {
      refuseOtherContent(existing, document);
      const isActive = active === version;
      return {
        reply: versionReply(flow, existing.created_at, {
          created: false,
          active: isActive,
        }),
        activated: false,
      };
    }
    const { rows } = await session.query<{ created_at: Date }>({
      ...insertVersion,
      values: [
        tenantId,
        namespace,
        name,
        version,
        newId(),
        document.document,
        document.source,
        document.mediaType,
        contentHash,
      ],
    });
    if (activate) await this.makeActive(session, document);
    const createdAt = rows[0]?.created_at ?? new Date(this.clock.now());
    return {
      reply: versionReply(flow, createdAt, { created: true, active: activate }),
      activated: activate,
    };
  }

  /** @throws UserError `flow.unknown`, `flow.version_unknown` (404) */
  async activate(
    session: TenantSession,
    flow: { namespace: string; name: string; version: string },
  ): Promise<Change> {
    const active = await this.lock(session, flow);
    const existing = await this.read(session, flow);
    if (!existing) {
      throw new UserError(
        'flow.version_unknown',
        `The flow ${flow.namespace}/${flow.name} has no version ${flow.version}`,
        { status: 404 },
      );
    }
    const changed = active !== flow.version;
    if (changed) {
      const { document } = existing;
      const schedule = readSchedule(JSON.parse(document) as Json);
      await this.makeActive(session, { flow, document, ...(schedule && { schedule }) });
    }
    return {
      reply: versionReply(flow, existing.created_at, { created: false, active: true }),
      activated: changed,
    };
  }

  private async makeActive(session: TenantSession, active: ActiveVersion): Promise<void> {
    const { namespace, name, version } = active.flow;
    await session.query({
      ...activateVersion,
      values: [session.tenantId, namespace, name, version],
    });
    await replaceSchedule(session, active, this.clock.now());
  }

  /** The active version, with the flow's row locked. */
  private async lock(
    session: TenantSession,
    { namespace, name }: { namespace: string; name: string },
  ): Promise<string | null> {
    const { rows } = await session.query<{ active_version: string | null }>({
      ...lockFlow,
      values: [session.tenantId, namespace, name],
    });
    const row = rows[0];
    if (!row) {
      throw new UserError('flow.unknown', `There is no flow ${namespace}/${name}`, { status: 404 });
    }
    return row.active_version;
  }

  private async read(
    session: TenantSession,
    { namespace, name, version }: { namespace: string; name: string; version: string },
  ): Promise<VersionRow | undefined> {
    const { rows } = await session.query<VersionRow>({
      ...readVersion,
      values: [session.tenantId, namespace, name, version],
    });
    return rows[0];
  }
}

function refuseOtherContent(existing: VersionRow, { flow, contentHash }: CheckedDocument): void {
  if (existing.content_hash === contentHash) return;
  const { namespace, name, version } = flow;
  throw new UserError(
    'flow.version_conflict',
    `Version ${version} of ${namespace}/${name} exists with other content; raise document.version`,
    { status: 409 },
  );
}

function versionReply(
  { namespace, name, version }: { namespace: string; name: string; version: string },
  createdAt: Date,
  { created, active }: { created: boolean; active: boolean },
): Version {
  return {
    kind: 'version',
    created,
    namespace,
    name,
    version,
    active,
    createdAt: formatTime(createdAt.getTime()),
  };
}
