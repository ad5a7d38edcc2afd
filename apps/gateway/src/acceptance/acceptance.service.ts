import { isFinal, type Dispatch } from '@easyflow/contracts-http';
import { ecoDueAt, type EcoWindow } from '@easyflow/domain-schedule';
import type { DocumentIssue, Json } from '@easyflow/engine';
import { OperationalError, UserError } from '@easyflow/kernel-errors';
import { newId } from '@easyflow/kernel-ids';
import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import type { Principal } from '../authentication/principal';
import type { FlowCache } from '../flows/flow-cache';
import type { FlowInputs } from '../flows/flow-inputs';
import { requestsWaited } from '../gateway-metrics';
import type { ExecutionResult } from '../results/execution-result';
import type { ResultReader, ResultRequest } from '../results/result-reader';
import type { WaitRegistry } from '../results/wait-registry';
import type { BoundKeys } from './bound-keys';
import type { Intent, Outcome } from './intent';
import type { IntentQueue } from './intent-queue';
import { requestHash, type StartRequest } from './start-request';

const DEFAULT_MODE = 'balanced';

/** The answer to a start. */
export type Started =
  | { kind: 'accepted'; id: string; status: string; dispatch: Dispatch }
  | { kind: 'ended'; id: string; result: ExecutionResult };

export interface AcceptanceOptions {
  flows: Pick<FlowCache, 'resolve'>;
  inputs: Pick<FlowInputs, 'issues'>;
  queue: Pick<IntentQueue, 'add'>;
  waits: Pick<WaitRegistry, 'wait'>;
  results: Pick<ResultReader, 'read'>;
  boundKeys: Pick<BoundKeys, 'find'>;
  /** Whether results can be announced: a request that waits needs it, one that does not never. */
  transportIsUp: () => boolean;
  /** Where executors announce ends to this process; undefined when they call it instead. */
  replySlot: string | undefined;
  ecoWindow: EcoWindow;
  logger: Logger;
  clock: Clock;
}

/** Accepts executions: everything between a checked request and its answer. */
export class AcceptanceService {
  constructor(private readonly options: AcceptanceOptions) {}

  /**
   * Answers after the commit; from then on never with an error.
   * @throws UserError for what the caller must change; OperationalError before anything is stored
   */
  async start(request: StartRequest): Promise<Started> {
    const hash =
      request.idempotencyKey === undefined ? undefined : requestHash(request.flow, request.raw);
    if (this.mustWait(request) && !this.options.transportIsUp()) {
      return (await this.replay(request, hash)) ?? refuseToWait();
    }
    let intent: Intent;
    try {
      intent = await this.intent(request, hash);
    } catch (error) {
      // A key that is bound answers its first execution, also when the flow has changed since.
      const replay = error instanceof UserError ? await this.replay(request, hash) : undefined;
      if (replay) return replay;
      throw error;
    }
    return this.submit(request, intent);
  }

  private mustWait({ wait }: StartRequest): boolean {
    return wait !== undefined && wait > 0;
  }

  private async intent(request: StartRequest, hash: Buffer | undefined): Promise<Intent> {
    const { principal, flow, body, idempotencyKey: key } = request;
    const { version, input: schema } = await this.options.flows.resolve(
      principal.token('ef_api'),
      flow,
      body.version,
    );
    const input = (body.input === undefined ? {} : body.input) as Json;
    const inputText = JSON.stringify(input);
    if (schema) refuse(await this.options.inputs.issues(schema, { value: input, text: inputText }));
    const createdAt = this.options.clock.now();
    const mode = body.mode ?? DEFAULT_MODE;
    const id = newId();
    return {
      id,
      token: principal.token('ef_writer'),
      renewToken: () => principal.renew('ef_writer'),
      flow: { ...flow, version },
      input,
      inputText,
      mode,
      workClass: mode === 'eco' ? 1 : 0,
      createdAt,
      dueAt: mode === 'eco' ? this.ecoDueAt(createdAt) : undefined,
      traceParent: request.traceParent ?? ownTrace(id),
      replySlot: this.mustWait(request) ? this.options.replySlot : undefined,
      idempotency: key !== undefined && hash ? { key, requestHash: hash } : undefined,
    };
  }

  private ecoDueAt(now: number): number | undefined {
    const due = ecoDueAt(now, this.options.ecoWindow);
    return due > now ? due : undefined;
  }

  private async submit(request: StartRequest, intent: Intent): Promise<Started> {
    if (!this.mustWait(request)) return this.answer(request, await this.options.queue.add(intent));
    // Registered before the commit: in one process the end can come before the commit's answer is seen.
    const waiting = this.options.waits.wait(
      resultRequest(request.principal, intent.id),
      1_000 * (request.wait ?? 0),
    );
    let outcome: Outcome;
    try {
      outcome = await this.options.queue.add(intent);
    } catch (error) {
      waiting.cancel();
      throw error;
    }
    if (outcome.kind !== 'accepted') {
      waiting.cancel();
      return this.answer(request, outcome);
    }
    const result = counted(await waiting.result);
    if (result) return { kind: 'ended', id: intent.id, result };
    return this.now(request.principal, {
      id: intent.id,
      status: 'pending',
      dispatch: outcome.dispatch,
    });
  }

  private async answer(request: StartRequest, outcome: Outcome): Promise<Started> {
    switch (outcome.kind) {
      case 'accepted':
        return { ...outcome, status: 'pending' };
      case 'replayed':
        return this.replayed(request, outcome);
      case 'mismatched':
        throw mismatch();
      case 'unbound':
        throw new OperationalError('service.unavailable', 'The key could not be bound in time');
    }
  }

  /** The first execution of the request's key; undefined when it has none or the key is not bound. */
  private async replay(
    request: StartRequest,
    hash: Buffer | undefined,
  ): Promise<Started | undefined> {
    if (request.idempotencyKey === undefined || !hash) return undefined;
    const bound = await this.options.boundKeys.find(
      request.principal.token('ef_writer'),
      request.idempotencyKey,
    );
    if (!bound) return undefined;
    if (!bound.requestHash.equals(hash)) throw mismatch();
    return this.replayed(request, bound);
  }

  private async replayed(
    { principal, wait }: StartRequest,
    first: { id: string; status: string; dispatch: Dispatch },
  ): Promise<Started> {
    const { id, status, dispatch } = first;
    if (wait === undefined) return { kind: 'accepted', id, status, dispatch };
    if (wait === 0 || isFinal(status)) return this.now(principal, first);
    // Its executor announces to the first request's slot, so the slow poll is what answers here: look at once.
    const known = await this.now(principal, first);
    if (known.kind === 'ended') return known;
    const waiting = this.options.waits.wait(resultRequest(principal, id), 1_000 * wait);
    const result = counted(await waiting.result);
    return result ? { kind: 'ended', id, result } : this.now(principal, first);
  }

  /** What is known of the execution now. It is stored: from here on nothing that fails is told. */
  private async now(
    principal: Principal,
    { id, status, dispatch }: { id: string; status: string; dispatch: Dispatch },
  ): Promise<Started> {
    const stored: Started = { kind: 'accepted', id, status, dispatch };
    let result: ExecutionResult | undefined;
    try {
      result = await this.options.results.read(resultRequest(principal, id));
    } catch (error) {
      this.options.logger.warn({ err: error, executionId: id }, 'a result could not be read');
    }
    if (!result) return stored;
    return isFinal(result.status)
      ? { kind: 'ended', id, result }
      : { ...stored, status: result.status };
  }
}

/**
 * A trace of the execution's own, for its outgoing calls: the id is a good trace id (its right half is random), which
 * saves two calls for random bytes a request and lets the logs be searched by the execution. Not sampled.
 */
function ownTrace(id: string): string {
  const hex = id.replaceAll('-', '');
  return `00-${hex}-${hex.slice(16)}-00`;
}

function counted(result: ExecutionResult | undefined): ExecutionResult | undefined {
  requestsWaited.add(1, { 'easyflow.outcome': result ? 'ended' : 'timed_out' });
  return result;
}

function resultRequest(principal: Principal, id: string): ResultRequest {
  return {
    id,
    token: principal.token('ef_api'),
    renewToken: () => principal.renew('ef_api'),
  };
}

/** @throws UserError `input.invalid` (422) */
function refuse(errors: readonly DocumentIssue[]): void {
  if (errors.length === 0) return;
  throw new UserError(
    'input.invalid',
    `The input does not fit the flow's schema: ${errors.map(({ pointer, message }) => `${pointer} ${message}`).join('; ')}`,
    { status: 422, errors },
  );
}

function refuseToWait(): never {
  throw new OperationalError(
    'transport.unavailable',
    'Results cannot be announced now; start without Prefer: wait, or try again',
  );
}

function mismatch(): UserError {
  return new UserError(
    'idempotency.mismatch',
    'This Idempotency-Key was used with another flow or body; use a new key for a new request',
    { status: 422 },
  );
}
