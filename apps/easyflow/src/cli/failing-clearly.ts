import { EasyFlowError } from '@easyflow/kernel-errors';
import { ConfigError } from '@easyflow/platform-config';
import { LocalServerError } from '@easyflow/platform-local-servers';
import { CommandFailure, exitCodes } from './exit-codes';

const told = [ConfigError, LocalServerError, EasyFlowError];

/** Problems whose text names the fix end a command with that text; a defect keeps its stack. */
export async function failingClearly(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error && told.some((kind) => error instanceof kind)) {
      throw new CommandFailure(exitCodes.error, error.message);
    }
    throw error;
  }
}
