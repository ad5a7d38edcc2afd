import { canonicalJson, type StartExecution } from '@easyflow/contracts-http';
import { createHash } from 'node:crypto';
import type { Principal } from '../authentication/principal';
import type { FlowName } from '../flows/flow.repository';

/** A request to start an execution, read and checked as far as it can be without the flow. */
export interface StartRequest {
  principal: Principal;
  flow: FlowName;
  /** The parsed body without the alias's `flow`: what an Idempotency-Key is bound to, with the flow. */
  raw: unknown;
  body: StartExecution;
  idempotencyKey: string | undefined;
  /** Seconds of `Prefer: wait`, at most 60; undefined without. */
  wait: number | undefined;
  /** Undefined when the request belongs to no trace. */
  traceParent: string | undefined;
}

/** SHA-256 of the flow and the parsed body: equal for equal requests, however they are written. */
export function requestHash(flow: FlowName, raw: unknown): Buffer {
  return createHash('sha256')
    .update(canonicalJson([flow.namespace, flow.name, raw]))
    .digest();
}
