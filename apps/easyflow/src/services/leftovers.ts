import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  identifyProcess,
  isRunning,
  LocalServerError,
  type ProcessIdentity,
} from '@easyflow/platform-local-servers';
import { z } from 'zod';

const file = 'processes.json';

const identitySchema = z.object({ pid: z.number().int().positive(), started: z.string() });
const notedSchema = z.object({
  /** The program that started them and watches over them. */
  owner: identitySchema.optional(),
  services: z.array(identitySchema),
});
type Noted = z.infer<typeof notedSchema>;

/** Notes which service processes belong to this folder, to find them after this process was killed. */
export async function noteProcesses(folder: string, pids: readonly number[]): Promise<void> {
  const identities = await Promise.all(pids.map(identifyProcess));
  const noted: Noted = {
    owner: await identifyProcess(process.pid),
    services: identities.filter((identity) => identity !== undefined),
  };
  // Atomic: whoever is killed while it writes leaves a file that the next start can read.
  const temporary = path.join(folder, `${file}.${randomUUID()}`);
  await writeFile(temporary, JSON.stringify(noted), { mode: 0o600 });
  await rename(temporary, path.join(folder, file));
}

/**
 * Ends service processes that an earlier start of this folder left running. Returns how many.
 * @throws LocalServerError when the program that started them still runs: they are not left over
 */
export async function endLeftovers(folder: string): Promise<number> {
  const { owner, services } = await readNoted(folder);
  if (owner && owner.pid !== process.pid && (await isRunning(owner))) {
    throw new LocalServerError(
      `The data folder ${folder} is in use by process ${owner.pid}.`,
      'stop that one first, or choose another data folder.',
    );
  }
  let ended = 0;
  for (const identity of services) {
    if (!(await isRunning(identity))) continue;
    await end(identity);
    ended += 1;
  }
  await rm(path.join(folder, file), { force: true });
  return ended;
}

/** By force: it may be frozen, and everything it holds is guarded by leases and transactions. */
async function end(identity: ProcessIdentity): Promise<void> {
  process.kill(identity.pid, 'SIGKILL');
  while (await isRunning(identity)) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Nothing when there is no such file, or when it is damaged: what it named has to be ended by hand then. */
async function readNoted(folder: string): Promise<Noted> {
  const text = await readFile(path.join(folder, file), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    },
  );
  return notedSchema.safeParse(jsonOf(text)).data ?? { services: [] };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
