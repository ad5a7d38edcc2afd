import {
  flowActivateBodySchema,
  flowApplyBodySchema,
  type ControlRequest,
  type FlowReply,
  type ServiceName,
} from '@easyflow/contracts-events';
import { UnexpectedError, UserError } from '@easyflow/kernel-errors';
import {
  pairKey,
  type DatabaseAccess,
  type IssuerPort,
  type TenantKey,
  type TenantSession,
  type TenantToken,
} from '@easyflow/tenant-context';
import { LRUCache } from 'lru-cache';
import { createHash } from 'node:crypto';
import type { DocumentChecker } from '../flows/document-checker';
import type { Change, FlowVersionRepository } from '../flows/flow-version.repository';
import { changesHandled } from '../registry-metrics';
import { readRequest, storeReply } from './request.statements';

export type FlowPattern = 'flow.apply' | 'flow.activate';

/** Answers are remembered for as long as a request may be delivered again. */
const REMEMBERED_MS = 120_000;

export interface RequestHandlerOptions {
  database: Pick<DatabaseAccess, 'tenant'>;
  issuer: Pick<IssuerPort, 'exchange'>;
  flows: FlowVersionRepository;
  documents: Pick<DocumentChecker, 'check'>;
  /** Tells the gateways after the commit; a notice that is lost costs them some seconds of an old version. */
  announce: (
    tenantId: string,
    flow: { namespace: string; name: string; version: string },
  ) => Promise<void>;
}

interface StoredRequest {
  service: string;
  pattern: string;
  body: string;
  replied: boolean;
}

/**
 * Answers control requests. The message says only where to look: what is done follows from the row in the tenant's
 * inbox, read with a token that the issuer gave for the delegation of exactly this body.
 */
export class RequestHandler {
  private readonly answered = new LRUCache<TenantKey, true>({
    max: 10_000,
    ttl: REMEMBERED_MS,
  });

  constructor(private readonly options: RequestHandlerOptions) {}

  /**
   * Resolves when the reply is in the row.
   * @param sender who signed the message
   * @throws OperationalError when a dependency is down and nothing was done
   * @throws UnexpectedError for a request that is not what was delegated
   */
  async handle(pattern: FlowPattern, request: ControlRequest, sender: ServiceName): Promise<void> {
    // A delegation is exchanged once, so a second delivery only hears that the reply is there.
    const key = pairKey(request.tenantId, request.requestId);
    if (this.answered.has(key)) return;
    await this.answer(pattern, request, sender);
    this.answered.set(key, true);
  }

  private async answer(
    pattern: FlowPattern,
    request: ControlRequest,
    sender: ServiceName,
  ): Promise<void> {
    const { database, issuer } = this.options;
    const { requestId, delegation, payloadHash } = request;
    const { caller, tokens } = await issuer.exchange(delegation, {
      pattern,
      requestId,
      payloadHash,
      sender,
    });
    const token = tokens.find(({ audience }) => audience === 'ef_registry');
    if (!token || caller.tenantId !== request.tenantId) {
      throw new UnexpectedError(
        'registry.wrong_delegation',
        'The delegation gave no ef_registry token of the tenant that the request names',
      );
    }
    const stored = await database.tenant(token, (session) => this.read(session, pattern, request));
    if (stored.replied) return;
    await this.perform(token, pattern, requestId, stored.body);
  }

  private async read(
    session: TenantSession,
    pattern: FlowPattern,
    { requestId, payloadHash }: ControlRequest,
  ): Promise<StoredRequest> {
    const { rows } = await session.query<StoredRequest>({
      ...readRequest,
      values: [session.tenantId, requestId],
    });
    const row = rows[0];
    const intact =
      row?.service === 'flow-registry' &&
      row.pattern === pattern &&
      createHash('sha256').update(row.body).digest('hex') === payloadHash;
    if (row && intact) return row;
    throw new UnexpectedError(
      'registry.request_mismatch',
      'The stored request is not the one that was delegated',
    );
  }

  /** The change and its reply commit together; a refusal is a reply too. */
  private async perform(
    token: TenantToken,
    pattern: FlowPattern,
    requestId: string,
    body: string,
  ): Promise<void> {
    const { database, announce } = this.options;
    const count = (outcome: 'done' | 'refused' | 'failed') =>
      changesHandled.add(1, { 'easyflow.request.pattern': pattern, 'easyflow.outcome': outcome });
    let change: Change;
    try {
      const work = await this.workOf(token.tenantId, pattern, JSON.parse(body));
      change = await database.tenant(token, async (session) => {
        const done = await work(session);
        await reply(session, requestId, done.reply);
        return done;
      });
    } catch (error) {
      const refusal = refusalOf(error);
      count(refusal ? 'refused' : 'failed');
      if (!refusal) throw error;
      await database.tenant(token, (session) => reply(session, requestId, refusal));
      return;
    }
    count('done');
    if (change.activated) await announce(token.tenantId, change.reply);
  }

  /** Documents are checked here, before any transaction is open. */
  private async workOf(
    tenantId: string,
    pattern: FlowPattern,
    body: unknown,
  ): Promise<(session: TenantSession) => Promise<Change>> {
    const { documents, flows } = this.options;
    if (pattern === 'flow.activate') {
      const flow = flowActivateBodySchema.parse(body);
      return (session) => flows.activate(session, flow);
    }
    const applied = flowApplyBodySchema.parse(body);
    const { source, mediaType, activate } = applied;
    const content = await documents.check(tenantId, applied);
    return (session) => flows.apply(session, { ...content, source, mediaType }, activate);
  }
}

async function reply(session: TenantSession, requestId: string, value: FlowReply): Promise<void> {
  await session.query({
    ...storeReply,
    values: [session.tenantId, requestId, JSON.stringify(value)],
  });
}

function refusalOf(error: unknown): Extract<FlowReply, { kind: 'refused' }> | undefined {
  if (!(error instanceof UserError)) return undefined;
  const { code, status, message, errors } = error;
  return {
    kind: 'refused',
    status,
    code,
    detail: message,
    ...(errors
      ? {
          errors: errors.map(({ pointer, line, message: text }) => ({
            pointer,
            message: text,
            ...(line === undefined ? {} : { line }),
          })),
        }
      : {}),
  };
}
