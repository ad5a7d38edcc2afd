import { EasyFlowError } from '@easyflow/kernel-errors';

/**
 * SQLSTATE classes of errors that the data of a row causes: cardinality, data exception, integrity, too complex
 * (a value nested too deeply) or a limit of the program. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const DATA_ERROR = /^(?:21|22|23|54)[0-9A-Z]{3}$/;

/** Whether an error, or what caused it, is about the data: trying again would fail again. */
export function isDataError(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof EasyFlowError) continue;
    const code: unknown = 'code' in cause ? cause.code : undefined;
    if (typeof code === 'string' && DATA_ERROR.test(code)) return true;
  }
  return false;
}
