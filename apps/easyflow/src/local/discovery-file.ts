import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

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

  async remove(): Promise<void> {
    await rm(this.file, { force: true });
  }
}
