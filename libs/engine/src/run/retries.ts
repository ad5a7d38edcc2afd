import { createHash } from 'node:crypto';
import { LONGEST_DURATION } from '@easyflow/kernel-time';
import type { RetryPolicy } from '../compile/program';
import type { Evaluation } from './evaluation';
import type { Branch, Frame } from './state';

/** Beyond a doubling of this order every delay is longer than any limit. */
const MOST_DOUBLINGS = 40;

/**
 * Milliseconds until the next attempt of a failed `try`, or undefined when its policy allows none. `key` seeds
 * the jitter: a crash between the decision and the checkpoint decides the same again.
 * @throws Fault
 */
export function retryDelay(
  policy: RetryPolicy,
  frame: Frame,
  branch: Branch,
  evaluation: Evaluation,
  moment: { now: number; key: string },
): number | undefined {
  const input = frame.input ?? null;
  const scope = { branch };
  const retry = (frame.attempt ?? 0) + 1;
  if (policy.retries !== undefined && retry > policy.retries) return undefined;
  if (policy.when && !evaluation.holds(policy.when, input, scope)) return undefined;
  if (policy.exceptWhen && evaluation.holds(policy.exceptWhen, input, scope)) return undefined;
  const delay = Math.min(
    LONGEST_DURATION,
    evaluation.duration(policy.delay, input, scope) * factor(policy.backoff, retry) +
      jitter(policy, branch, input, evaluation, moment.key),
  );
  if (policy.totalLimit !== undefined) {
    const limit = evaluation.duration(policy.totalLimit, input, scope);
    if (moment.now + delay > frame.startedAt + limit) return undefined;
  }
  return delay;
}

function factor(backoff: RetryPolicy['backoff'], retry: number): number {
  if (backoff === 'constant') return 1;
  return backoff === 'linear' ? retry : 2 ** Math.min(retry - 1, MOST_DOUBLINGS);
}

function jitter(
  policy: RetryPolicy,
  branch: Branch,
  input: Frame['input'],
  evaluation: Evaluation,
  key: string,
): number {
  if (!policy.jitter) return 0;
  const scope = { branch };
  const from = evaluation.duration(policy.jitter.from, input ?? null, scope);
  const to = evaluation.duration(policy.jitter.to, input ?? null, scope);
  const random = createHash('sha256').update(key).digest().readUInt32BE(0) / 2 ** 32;
  return Math.round(from + Math.max(0, to - from) * random);
}
