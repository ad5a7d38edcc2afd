import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LocalServerError } from './local-server-error';
import {
  hasCode,
  identifyProcess,
  ignoreMissing,
  isRunning,
  processesIn,
  signalProcess,
  waitForEnd,
  type ProcessIdentity,
} from './process-identity';

/** What a server's folder remembers from one start to the next. */
export type FolderMemory = Readonly<Record<string, string | number>>;

/** Of this process, so that two starts on one folder are told apart from a start after a crash. */
const openHere = new Set<string>();

/**
 * The data folder of one server: who has it open (`owner.json`), what it remembers (`server.json`)
 * and which process serves it (`process.json`). All are mode 0600.
 */
export class ServerFolder {
  private constructor(
    readonly path: string,
    private readonly server: string,
  ) {}

  /**
   * Creates the folder when there is none and takes it for this process. Throws LocalServerError
   * when another running process has it, or when it cannot be written.
   */
  static async open(folder: string, server: string): Promise<ServerFolder> {
    const absolute = path.resolve(folder);
    try {
      await mkdir(absolute, { recursive: true, mode: 0o700 });
      const opened = new ServerFolder(absolute, server);
      await opened.take();
      return opened;
    } catch (error) {
      if (!hasCode(error, 'EACCES', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOSPC')) throw error;
      throw new LocalServerError(
        `The data folder of ${server}, ${absolute}, cannot be used: ${String(error)}`,
        'choose another data folder, or make this one a folder that you may write to.',
        { cause: error },
      );
    }
  }

  file(name: string): string {
    return path.join(this.path, name);
  }

  /** What was remembered; undefined in a new folder. Throws LocalServerError when it is damaged. */
  async recall(): Promise<FolderMemory | undefined> {
    return this.readJson<FolderMemory>('server.json');
  }

  async remember(memory: FolderMemory): Promise<void> {
    await this.writeJson('server.json', memory);
  }

  /** Notes the process that serves this folder, to find it again after this one was killed. */
  async noteProcess(pid: number): Promise<void> {
    const identity = await identifyProcess(pid);
    if (identity) await this.writeJson('process.json', identity);
  }

  /**
   * Ends what an earlier parent left running in this folder: politely at first, since what it is
   * doing (a checkpoint, a flush) is cheaper than the recovery from its sudden death.
   */
  async endLeftovers(
    program: string,
    politely: NodeJS.Signals,
    log: (line: string) => void,
    workingDirectory = this.path,
  ): Promise<void> {
    const noted = await this.readJson<ProcessIdentity>('process.json').catch(ignoreDamaged);
    const leader = noted && (await isRunning(noted)) ? [noted] : [];
    if (leader.length > 0) {
      log(`stopping the ${this.server} (pid ${leader[0]?.pid}) that an earlier start left running`);
      await Promise.all(leader.map((process) => signalProcess(process, politely)));
      await waitForEnd(leader, 15_000);
    }
    const rest = [...leader, ...(await processesIn(workingDirectory, program))];
    await Promise.all(rest.map((process) => signalProcess(process, 'SIGKILL')));
    if (!(await waitForEnd(rest, 10_000))) {
      throw new LocalServerError(
        `A ${this.server} of ${this.path} still runs and does not end (pid ${rest
          .map((process) => process.pid)
          .join(', ')}).`,
        'end it yourself (kill -9) and start again.',
      );
    }
    await rm(this.file('process.json'), { force: true });
  }

  /** Lets go of the folder; its content stays. */
  async close(): Promise<void> {
    await rm(this.file('process.json'), { force: true });
    await rm(this.file('owner.json'), { force: true });
    openHere.delete(this.path);
  }

  private async take(): Promise<void> {
    if (openHere.has(this.path)) throw this.inUse(process.pid);
    const self = await identifyProcess(process.pid);
    const holder = await this.readJson<ProcessIdentity>('owner.json').catch(ignoreDamaged);
    const other = holder && holder.pid !== process.pid && (await isRunning(holder));
    if (other) throw this.inUse(holder.pid);
    await rm(this.file('owner.json'), { force: true });
    try {
      // Exclusive: of two that found the same dead owner at once, one gets the folder.
      await writeFile(this.file('owner.json'), JSON.stringify(self), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if (hasCode(error, 'EEXIST')) throw this.inUse(undefined);
      throw error;
    }
    openHere.add(this.path);
  }

  private inUse(pid: number | undefined): LocalServerError {
    const who = pid === undefined ? 'another process' : `process ${pid}`;
    return new LocalServerError(
      `The data folder of ${this.server}, ${this.path}, is in use by ${who}.`,
      'stop that one first, or choose another data folder.',
    );
  }

  private async readJson<T>(name: string): Promise<T | undefined> {
    const text = await readFile(this.file(name), 'utf8').catch(ignoreMissing);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new DamagedFileError(this.file(name), { cause: error });
    }
  }

  private async writeJson(name: string, value: unknown): Promise<void> {
    const temporary = this.file(`${name}.${randomUUID()}`);
    try {
      await writeFile(temporary, JSON.stringify(value), { mode: 0o600 });
      await rename(temporary, this.file(name));
    } catch (error) {
      // A full disk makes an empty file of every attempt.
      await rm(temporary, { force: true });
      throw error;
    }
  }
}

/** Thrown when a file that this library wrote is no JSON any more. */
class DamagedFileError extends LocalServerError {
  constructor(file: string, options: { cause: unknown }) {
    super(
      `${file} is damaged.`,
      'restore it from a backup, or delete its data folder to start with an empty one.',
      options,
    );
    this.name = 'DamagedFileError';
  }
}

/** Who had the folder is worth nothing when it cannot be read; the start then searches by itself. */
function ignoreDamaged(error: unknown): undefined {
  if (error instanceof DamagedFileError) return undefined;
  throw error;
}

/** Whether there is anything at this path. */
export async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(ignoreMissing)) !== undefined;
}
