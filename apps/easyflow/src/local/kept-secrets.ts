import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * JSON that is made once and then lives in the data folder, mode 0600. Atomic: a start that is killed
 * while writing leaves nothing or the whole.
 * @throws Error naming the file when its content is damaged
 */
export async function keepOnce<T>(folder: string, name: string, make: () => T | Promise<T>): Promise<T> {
  const file = path.join(folder, name);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text !== undefined) {
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new Error(
        `${file} is damaged. Restore it from a backup, or delete ${folder} to start with empty data.`,
        { cause: error },
      );
    }
  }
  const value = await make();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${file}.new`;
  await writeFile(temporary, JSON.stringify(value), { mode: 0o600 });
  await rename(temporary, file);
  return value;
}

/** A new password, one for each name. */
export function newPasswords<Name extends string>(names: readonly Name[]): Record<Name, string> {
  return Object.fromEntries(
    names.map((name) => [name, randomBytes(24).toString('base64url')]),
  ) as Record<Name, string>;
}
