import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { LocalServerError } from '@easyflow/platform-local-servers';

/**
 * Makes the data folder when there is none. Its parts are made later, each by its owner: here only what would make
 * all of them fail is told.
 * @throws LocalServerError with the fix when it is no folder or cannot be written to
 */
export async function openDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new LocalServerError(
      `The data folder ${folder} cannot be used: ${(error as Error).message}`,
      'choose another with --data or EASYFLOW_DATA_DIR, or make this one a folder that you may write to.',
      { cause: error },
    );
  }
}
