import { readFile, readdir } from 'node:fs/promises';

/** USER_HZ: what /proc counts in, 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

async function stat(pid) {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in brackets that may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = (index) => Number(fields[index]) / TICKS_PER_SECOND;
    return {
      parent: Number(fields[1]),
      own: ticks(11) + ticks(12),
      ended: ticks(13) + ticks(14),
    };
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}

/** CPU seconds of processes so far. */
export async function cpuOf(pids) {
  const stats = await Promise.all(pids.map(stat));
  return stats.reduce((sum, one) => sum + (one?.own ?? 0), 0);
}

/** CPU seconds of a Postgres so far: the postmaster, its children, and the children that have ended. */
export async function cpuOfPostgres(postmaster) {
  const main = await stat(postmaster);
  if (!main) throw new Error('Postgres has ended');
  let seconds = main.own + main.ended;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const one = await stat(name);
    if (one?.parent === postmaster) seconds += one.own;
  }
  return seconds;
}

/** The process that started a process. */
export async function parentOf(pid) {
  return (await stat(pid))?.parent;
}
