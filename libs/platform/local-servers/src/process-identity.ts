import { execFile } from 'node:child_process';
import { readFile, readdir, stat } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A process as it can be recognised later: a recycled pid has another start time. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque: the start time as the operating system tells it, on Linux with the boot's id. */
  readonly started: string;
}

const onLinux = process.platform === 'linux';
const run = promisify(execFile);

/** The identity of a running process; undefined when there is none (or only its zombie). */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const started = onLinux ? await startedOnLinux(pid) : await startedByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether exactly this process, not a later one with its pid, still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identifyProcess(identity.pid))?.started === identity.started;
}

/**
 * Processes of the program `name` whose working directory is `folder`. Our servers are started in
 * their own data folder, so on Linux this finds what a killed parent left behind even when it had
 * no time to write a pid file. Elsewhere there is no such view and the answer is empty.
 */
export async function processesIn(folder: string, name: string): Promise<ProcessIdentity[]> {
  if (!onLinux) return [];
  const wanted = await stat(folder).catch(ignoreMissing);
  if (!wanted) return [];
  const found: ProcessIdentity[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const pid = Number(entry);
    const comm = await readFile(`/proc/${entry}/comm`, 'utf8').catch(ignoreMissing);
    if (comm?.trim() !== name) continue;
    const cwd = await stat(`/proc/${entry}/cwd`).catch(ignoreMissing);
    if (cwd?.dev !== wanted.dev || cwd.ino !== wanted.ino) continue;
    const identity = await identifyProcess(pid);
    if (identity) found.push(identity);
  }
  return found;
}

/** Sends the signal to exactly this process; a process that has ended meanwhile is no error. */
export async function signalProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
): Promise<void> {
  if (!(await isRunning(identity))) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

/** Waits until none of the processes runs; false when some still do after `timeoutMs`. */
export async function waitForEnd(
  identities: readonly ProcessIdentity[],
  timeoutMs: number,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const running = await Promise.all(identities.map(isRunning));
    if (!running.includes(true)) return true;
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/**
 * Whether an error of Node carries this code. By its shape, not by `instanceof`: where code runs in
 * a context of its own (Jest), Node's errors are of another realm.
 */
export function hasCode(error: unknown, ...codes: (string | number)[]): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  const { code } = error;
  return (typeof code === 'string' || typeof code === 'number') && codes.includes(code);
}

/** For `.catch`: a file or process that is gone, or is another user's, answers undefined. */
export function ignoreMissing(error: unknown): undefined {
  if (hasCode(error, 'ENOENT', 'ESRCH', 'ENOTDIR', 'EACCES', 'EPERM')) return undefined;
  throw error;
}

async function startedOnLinux(pid: number): Promise<string | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(ignoreMissing);
  if (line === undefined) return undefined;
  // The second field is the name in parentheses and may hold blanks; what follows does not.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTicks = fields[19];
  if (startTicks === undefined || state === 'Z' || state === 'X') return undefined;
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return `${boot}/${startTicks}`;
}

async function startedByPs(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
    const [state, ...started] = stdout.trim().split(/\s+/);
    return !state || state.startsWith('Z') ? undefined : started.join(' ');
  } catch (error) {
    // ps exits 1 when there is no such process.
    if (hasCode(error, 1)) return undefined;
    throw error;
  }
}
