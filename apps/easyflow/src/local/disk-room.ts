import { statfs } from 'node:fs/promises';

/** Less than a few of the files of Postgres' log (16 MB each): it stops soon. */
export const LEAST_ROOM_BYTES = 100_000_000;

/** Whether the disk under a folder has room to go on with; no when nobody can tell. */
export async function hasRoom(folder: string, least = LEAST_ROOM_BYTES): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= least;
  } catch {
    return false;
  }
}
