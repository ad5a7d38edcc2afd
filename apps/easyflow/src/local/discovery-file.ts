import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { identifyProcess } from '@easyflow/platform-local-servers';

/** What `.easyflow/dev.json` and `.easyflow/services.json` say; part of the public contract. */
export interface Discovery {
  pid: number;
  url: string;
  tenantId: string;
  apiKey: string;
  adminKey: string;
  login: { email: string; password: string };
  /** The local superuser's URL, for psql and pgbench. */
  databaseUrl: string;
  kafka?: string[];
  redis?: string;
  processes?: { service: string; pid: number; url?: string }[];
}

/** A file through which other programs find what runs here. It holds credentials: mode 0600. */
export class DiscoveryFile {
  private readonly file: string;

  constructor(name: 'dev.json' | 'services.json', folder = process.cwd()) {
    this.file = path.join(folder, '.easyflow', name);
  }

  /** Atomic: a reader sees the old content or the new, never a half. */
  async write(content: Discovery): Promise<void> {
    await mkdir(path.dirname(this.file), { recursive: true });
    const temporary = `${this.file}.${randomUUID()}`;
    await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
    await rename(temporary, this.file);
  }

  /** Removes it unless it is of another process that runs: two installations may share a folder. */
  async remove(): Promise<void> {
    const pid = await this.owner();
    const isOthers = pid !== undefined && pid !== process.pid;
    if (isOthers && (await identifyProcess(pid))) return;
    await rm(this.file, { force: true });
  }

  private async owner(): Promise<number | undefined> {
    const text = await readFile(this.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const pid = /"pid":\s*(\d+)/.exec(text)?.[1];
    return pid === undefined ? undefined : Number(pid);
  }
}
