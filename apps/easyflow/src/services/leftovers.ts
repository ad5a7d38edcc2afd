import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { identifyProcess, isRunning, type ProcessIdentity } from '@easyflow/platform-local-servers';

const file = 'processes.json';

/** Notes which service processes belong to this folder, to find them after this process was killed. */
export async function noteProcesses(folder: string, pids: readonly number[]): Promise<void> {
  const identities = await Promise.all(pids.map(identifyProcess));
  await writeFile(
    path.join(folder, file),
    JSON.stringify(identities.filter((identity) => identity !== undefined)),
    { mode: 0o600 },
  );
}

/** Ends service processes that an earlier start of this folder left running. Returns how many. */
export async function endLeftovers(folder: string): Promise<number> {
  const text = await readFile(path.join(folder, file), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    },
  );
  let ended = 0;
  for (const identity of JSON.parse(text) as ProcessIdentity[]) {
    if (!(await isRunning(identity))) continue;
    // By force: it may be frozen, and everything it holds is guarded by leases and transactions.
    process.kill(identity.pid, 'SIGKILL');
    while (await isRunning(identity)) await new Promise((resolve) => setTimeout(resolve, 20));
    ended += 1;
  }
  await rm(path.join(folder, file), { force: true });
  return ended;
}
