import type { FlowApplyBody } from '@easyflow/contracts-events';
import { UserError } from '@easyflow/kernel-errors';
import { parentPort } from 'node:worker_threads';
import { checkDocument, type CheckedContent } from './check-document';

/** What the thread says once, when its code is there, before it answers anything. */
export interface Loaded {
  kind: 'loaded';
}

/** What the thread answers to each document it is sent. */
export type Verdict =
  | { kind: 'good'; content: CheckedContent }
  | { kind: 'refused'; refusal: Pick<UserError, 'code' | 'status' | 'message' | 'errors'> }
  | { kind: 'failed'; reason: string };

function verdictOf(body: FlowApplyBody): Verdict {
  try {
    return { kind: 'good', content: checkDocument(body) };
  } catch (error) {
    if (error instanceof UserError) {
      const { code, status, message, errors } = error;
      return { kind: 'refused', refusal: { code, status, message, errors } };
    }
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: 'failed', reason };
  }
}

parentPort?.on('message', (body: FlowApplyBody) => parentPort?.postMessage(verdictOf(body)));
const loaded: Loaded = { kind: 'loaded' };
parentPort?.postMessage(loaded);
