import { EasyFlowError } from '@easyflow/kernel-errors';
import type { DeferralCause } from '../claiming/deferrals';

/**
 * Codes of errors that say: another version runs this, nothing is wrong with it. An execution's document was accepted
 * when it was applied, so one that is invalid here is of a version that accepts more.
 */
const NOT_HERE = new Set(['execution.not_for_this_process', 'flow.invalid']);

/** What is stored is none, or not all of it is there. */
const UNREADABLE = new Set(['execution.unreadable', 'state.unreadable']);

/** Why a process does not go on with an execution after an error that is not one of its flow. */
export function causeOf(error: unknown): DeferralCause {
  if (!(error instanceof EasyFlowError)) return 'defect';
  if (NOT_HERE.has(error.code)) return 'not_here';
  if (error.code === 'turn.thread_died') return 'thread';
  return UNREADABLE.has(error.code) ? 'row' : 'defect';
}

/** Said of it to its tenant: of a defect only that it is one. */
export function reasonOf(error: unknown): string {
  if (error instanceof EasyFlowError && causeOf(error) !== 'defect') return error.message;
  return 'An error of the system, not of the flow; its log says more';
}
