import { OperationalError } from '@easyflow/kernel-errors';

/** What this version does not know: the format of the state, a task of the flow, or something in its document. */
export type UnknownPart = 'state' | 'task' | 'document';

/**
 * The execution is of a newer version than this process, as happens while an upgrade rolls out. Nothing is wrong with
 * the flow: another process runs it, or this one after its own upgrade.
 */
export class NotForThisProcess extends OperationalError {
  constructor(
    readonly unknown: UnknownPart,
    message: string,
    cause?: unknown,
  ) {
    super('execution.not_for_this_process', message, { cause });
  }
}

/** Whether an error says that another process should try. */
export function isNotForThisProcess(error: unknown): error is NotForThisProcess {
  return error instanceof NotForThisProcess;
}
