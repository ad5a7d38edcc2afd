import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { LocalServerError } from '@easyflow/platform-local-servers';
import type { SupervisedProcess } from './supervisor';

const stopTimeoutMs = 20_000;

/** How to run one service. */
export interface ServiceCommand {
  service: string;
  /** Absolute path of the compiled entry. */
  entry: string;
  /** Modules loaded before it, by `--import`. */
  imports: readonly string[];
  env: Readonly<Record<string, string>>;
  url: string;
  logFile: string;
}

/**
 * Starts one service in a process group of its own (Ctrl-C reaches only the supervisor, which stops the
 * services in order) and resolves as soon as it runs; whether it is ready, its /readyz says.
 */
export async function startService(command: ServiceCommand): Promise<SupervisedProcess> {
  const log = await open(command.logFile, 'a', 0o600);
  try {
    const child = spawn(
      process.execPath,
      [
        '--enable-source-maps',
        ...command.imports.flatMap((module) => ['--import', module]),
        command.entry,
      ],
      { env: { ...command.env }, detached: true, stdio: ['ignore', log.fd, log.fd] },
    );
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const { pid } = child;
    if (pid === undefined) throw new Error(`${command.service} was spawned without a pid`);
    const exited = new Promise((resolve) => child.once('exit', resolve));
    return {
      pid,
      url: command.url,
      exited,
      stop: async () => {
        child.kill('SIGTERM');
        const force = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
        await exited;
        clearTimeout(force);
      },
    };
  } finally {
    await log.close();
  }
}

/**
 * Waits until the service says it is ready.
 * @throws LocalServerError when it ends before, or is not within `timeoutMs`
 */
export async function waitUntilReady(
  command: ServiceCommand,
  running: SupervisedProcess,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let ended = false;
  void running.exited.then(() => (ended = true));
  for (;;) {
    if (await isReady(command.url)) return;
    const problem = ended
      ? 'ended while it was starting'
      : `is not ready after ${timeoutMs / 1_000} s`;
    if (ended || performance.now() > deadline) {
      throw new LocalServerError(
        `The ${command.service} ${problem}.`,
        `see its log, ${command.logFile}; Postgres, Kafka and Redis of your own have to answer where the EASYFLOW_ variables say.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
    const { checks = {} } = (await response.json()) as { checks?: Record<string, boolean> };
    // A clock that is wrong is to be seen, not to keep a machine from working: times are the database's.
    return response.ok || Object.entries(checks).every(([name, well]) => well || name === 'clock');
  } catch {
    return false;
  }
}
