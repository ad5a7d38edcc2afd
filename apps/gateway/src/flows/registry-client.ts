import {
  flowReplySchema,
  REQUEST_PATTERNS,
  type FlowActivateBody,
  type FlowApplyBody,
  type FlowReply,
} from '@easyflow/contracts-events';
import { OperationalError, UnexpectedError, UserError } from '@easyflow/kernel-errors';
import { derivedId, newId } from '@easyflow/kernel-ids';
import type { RequestData } from '@easyflow/platform-messaging';
import type { DatabaseAccess, IssuerPort } from '@easyflow/tenant-context';
import { createHash } from 'node:crypto';
import type { Principal } from '../authentication/principal';
import { dropOldRequests, insertRequest, takeReply } from './request.statements';

export type FlowPattern = 'flow.apply' | 'flow.activate';

const DAY_MS = 86_400_000;

/** What the registry answers when it did what was asked. */
export type AppliedFlow = Extract<FlowReply, { kind: 'version' }>;

export interface RegistryClientOptions {
  database: Pick<DatabaseAccess, 'tenant'>;
  issuer: Pick<IssuerPort, 'delegate'>;
  transportIsUp: () => boolean;
  /** Sends a control request; resolves when the reply is in its row, as TransportClient.send does. */
  request: (pattern: FlowPattern, request: RequestData) => Promise<unknown>;
}

/**
 * Asks the flow-registry. The body is stored first, as a row of the tenant's inbox; the message carries its id and
 * a delegation that only the registry can exchange, once, for exactly this body. The answer is read from the row.
 */
export class RegistryClient {
  constructor(private readonly options: RegistryClientOptions) {}

  apply(principal: Principal, body: FlowApplyBody): Promise<AppliedFlow> {
    return this.ask(principal, 'flow.apply', body);
  }

  activate(principal: Principal, body: FlowActivateBody): Promise<AppliedFlow> {
    return this.ask(principal, 'flow.activate', body);
  }

  /**
   * @throws UserError as the registry refused it
   * @throws OperationalError when the transport, the registry, the issuer or the database does not answer
   */
  private async ask(
    principal: Principal,
    pattern: FlowPattern,
    body: FlowApplyBody | FlowActivateBody,
  ): Promise<AppliedFlow> {
    const { database, issuer, transportIsUp } = this.options;
    if (!transportIsUp()) {
      throw new OperationalError(
        'transport.unavailable',
        'The flow registry cannot be reached now',
      );
    }
    const service = REQUEST_PATTERNS[pattern];
    const requestId = newId();
    const dayOld = derivedId(Date.now() - DAY_MS, '');
    const text = JSON.stringify(body);
    const payloadHash = createHash('sha256').update(text).digest('hex');
    await database.tenant(principal.token('ef_api'), (session) =>
      Promise.all([
        session.query({ ...dropOldRequests, values: [session.tenantId, dayOld] }),
        session.query({
          ...insertRequest,
          values: [session.tenantId, requestId, service, pattern, text],
        }),
      ]),
    );
    const delegation = await issuer.delegate(principal.credential, {
      audience: service,
      pattern,
      requestId,
      payloadHash,
    });
    const { tenantId } = principal;
    await this.answered(pattern, { requestId, tenantId, delegation, payloadHash });
    return resultOf(await this.take(principal, requestId));
  }

  private async answered(pattern: FlowPattern, request: RequestData): Promise<void> {
    try {
      await this.options.request(pattern, request);
    } catch (error) {
      if (!(error instanceof OperationalError) || error.code === 'transport.unavailable') {
        throw error;
      }
      throw new OperationalError('registry.unavailable', 'The flow registry did not do it', {
        retryAfterSeconds: error.retryAfterSeconds,
        cause: error,
      });
    }
  }

  private async take(principal: Principal, requestId: string): Promise<FlowReply> {
    const { rows } = await this.options.database.tenant(
      await principal.renew('ef_api'),
      (session) =>
        session.queryLast<{ reply: string }>({
          ...takeReply,
          values: [session.tenantId, requestId],
        }),
    );
    const row = rows[0];
    if (!row) {
      throw new UnexpectedError(
        'gateway.reply_missing',
        'The flow-registry announced a reply that is not in the request’s row',
      );
    }
    return flowReplySchema.parse(JSON.parse(row.reply));
  }
}

function resultOf(reply: FlowReply): AppliedFlow {
  if (reply.kind === 'version') return reply;
  throw new UserError(reply.code, reply.detail, {
    status: reply.status,
    ...(reply.errors
      ? {
          errors: reply.errors.map(({ pointer, line, message }) => ({
            pointer,
            message,
            ...(line === undefined ? {} : { line }),
          })),
        }
      : {}),
  });
}
