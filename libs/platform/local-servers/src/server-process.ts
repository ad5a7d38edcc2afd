import { spawn, type ChildProcess } from 'node:child_process';
import { open, readFile, stat, truncate } from 'node:fs/promises';
import { ignoreMissing } from './process-identity';
import { LocalServerError } from './local-server-error';
import type { ServerFolder } from './server-folder';

/** How a server process ended. */
export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What to run and how to end it. */
export interface ServerCommand {
  /** For people: "Postgres". */
  readonly server: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** The signal of a quick, clean stop. */
  readonly stopSignal: NodeJS.Signals;
}

const logLimitBytes = 10 * 1024 * 1024;
const stopTimeoutMs = 20_000;
const running = new Set<ServerProcess>();

/**
 * One server as a child process. It gets a process group of its own, so that Ctrl-C in a terminal
 * reaches only us and the services can drain before their database goes; its output goes to a file,
 * because a pipe would break when we are killed and it survives.
 */
export class ServerProcess {
  readonly pid: number;
  /** Resolves once, when the process has ended for whatever reason. */
  readonly exited: Promise<ServerExit>;
  private ended = false;

  private constructor(
    private readonly child: ChildProcess & { pid: number },
    private readonly folder: ServerFolder,
    private readonly spec: ServerCommand,
    readonly logFile: string,
  ) {
    this.pid = child.pid;
    running.add(this);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.ended = true;
        running.delete(this);
        resolve({ code, signal });
      });
    }).then(async (exit) => {
      await this.folder.close();
      return exit as ServerExit;
    });
  }

  /** Starts the process. Throws LocalServerError when the program cannot be run at all. */
  static async start(spec: ServerCommand, folder: ServerFolder): Promise<ServerProcess> {
    const logFile = folder.file('server.log');
    const size = (await stat(logFile).catch(ignoreMissing))?.size ?? 0;
    if (size > logLimitBytes) await truncate(logFile);
    const log = await open(logFile, 'a', 0o600);
    try {
      const child = spawn(spec.command, spec.args, {
        cwd: spec.cwd,
        env: spec.env ?? process.env,
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        ...(spec.uid === undefined ? {} : { uid: spec.uid }),
        ...(spec.gid === undefined ? {} : { gid: spec.gid }),
      });
      await new Promise((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
      if (!hasPid(child)) throw new Error('spawned without a pid');
      const started = new ServerProcess(child, folder, spec, logFile);
      await folder.noteProcess(child.pid);
      return started;
    } catch (error) {
      throw new LocalServerError(
        `${spec.server} cannot be run: ${String(error)}`,
        `check that ${spec.command} exists and may be executed.`,
        { cause: error },
      );
    } finally {
      await log.close();
    }
  }

  /**
   * Waits until `ready` answers true. Throws LocalServerError with the end of the server's log when
   * it ends before, or is not ready after `timeoutMs`.
   */
  async waitUntilReady(
    ready: () => Promise<boolean>,
    options: { timeoutMs: number; fix: string; log: (line: string) => void },
  ): Promise<void> {
    const start = performance.now();
    let announced = start;
    while (!(await ready())) {
      if (this.ended) {
        await this.exited;
        throw await this.failure('ended while it was starting', options.fix);
      }
      const now = performance.now();
      if (now - start > options.timeoutMs) {
        await this.kill('SIGKILL');
        await this.exited;
        throw await this.failure(`was not ready after ${options.timeoutMs / 1000} s`, options.fix);
      }
      if (now - announced > 5_000) {
        announced = now;
        options.log(`${this.spec.server} is still starting (its log: ${this.logFile})`);
      }
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }

  /** Ends the server cleanly; by force when it takes longer than 20 s. Idempotent. */
  async stop(): Promise<void> {
    if (!this.ended) this.child.kill(this.spec.stopSignal);
    const force = setTimeout(() => this.child.kill('SIGKILL'), stopTimeoutMs);
    await this.exited;
    clearTimeout(force);
  }

  /** Sends a signal, `SIGKILL` unless another is named; nothing happens when it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.ended) return;
    this.child.kill(signal);
    if (signal === 'SIGKILL') await this.exited;
  }

  /** For the parent's own end: no time for promises. */
  stopNow(): void {
    this.child.kill(this.spec.stopSignal);
  }

  private async failure(what: string, fix: string): Promise<LocalServerError> {
    const text = (await readFile(this.logFile, 'utf8').catch(ignoreMissing)) ?? '';
    const tail = text.trimEnd().split('\n').slice(-12).join('\n    ');
    return new LocalServerError(
      `${this.spec.server} ${what}. The end of its log (${this.logFile}):\n    ${tail}`,
      fix,
    );
  }
}

// A parent that ends without stopping its servers (process.exit, an uncaught error) takes them along.
process.on('exit', () => {
  for (const server of running) server.stopNow();
});

function hasPid(child: ChildProcess): child is ChildProcess & { pid: number } {
  return child.pid !== undefined;
}
