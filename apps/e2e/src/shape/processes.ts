import { readFile, readdir, readlink } from 'node:fs/promises';
import { waitFor } from '@easyflow/testing';

/** One line of `processes` in services.json. */
export interface ShapeProcess {
  readonly service: string;
  readonly pid: number;
  readonly url?: string;
}

/** State letter of /proc (`T` is stopped, `Z` ended and not yet buried); undefined when there is none. */
export async function processState(pid: number): Promise<string | undefined> {
  const stat = await readProc(() => readFile(`/proc/${pid}/stat`, 'utf8'));
  return stat?.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
}

export async function isAlive(pid: number): Promise<boolean> {
  const state = await processState(pid);
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** Sends a signal and waits until it has had its effect. */
export async function signal(
  pid: number,
  name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGINT' | 'SIGTERM',
): Promise<void> {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  if (name === 'SIGKILL')
    await waitFor(async () => !(await isAlive(pid)), { describe: `process ${pid} to be gone` });
  if (name === 'SIGSTOP')
    await waitFor(async () => (await processState(pid)) === 'T', {
      describe: `process ${pid} to stand still`,
    });
}

/** Pids of all processes whose command line, environment or working directory names the folder. */
export async function processesOf(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const tells = await Promise.all([
      readProc(() => readFile(`/proc/${entry}/cmdline`, 'utf8')),
      readProc(() => readFile(`/proc/${entry}/environ`, 'utf8')),
      readProc(() => readlink(`/proc/${entry}/cwd`)),
    ]);
    const pid = Number(entry);
    if (tells.some((text) => text?.includes(folder)) && (await isAlive(pid))) found.push(pid);
  }
  return found;
}

/** Command line and environment of a running process: what another replica of it needs. */
export async function commandOf(
  pid: number,
): Promise<{ argv: string[]; env: Record<string, string> }> {
  const [command, environment] = await Promise.all([
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
    readFile(`/proc/${pid}/environ`, 'utf8'),
  ]);
  const env: Record<string, string> = {};
  for (const line of environment.split('\0')) {
    const at = line.indexOf('=');
    if (at > 0) env[line.slice(0, at)] = line.slice(at + 1);
  }
  return { argv: command.split('\0').slice(0, -1), env };
}

/** A process may end between its listing and this look. */
async function readProc(read: () => Promise<string>): Promise<string | undefined> {
  try {
    return await read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(code)) return undefined;
    throw error;
  }
}
