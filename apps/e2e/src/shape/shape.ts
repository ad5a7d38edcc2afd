import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, type QueryResultRow } from 'pg';
import { Agent } from 'undici';
import { freePort, waitFor } from '@easyflow/testing';
import { Api, type Body } from './api';
import { shapeLogs } from './logs';
import { commandOf, isAlive, processesOf, signal, type ShapeProcess } from './processes';

export type ShapeKind = 'dev' | 'services';

/** The file that a running shape writes. */
export interface ShapeFile {
  pid: number;
  url: string;
  tenantId: string;
  apiKey: string;
  adminKey: string;
  login: { email: string; password: string };
  databaseUrl: string;
  kafka?: string[];
  redis?: string;
  processes?: ShapeProcess[];
}

export interface ShapeOptions {
  kind: ShapeKind;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

/** A tenant and its client. */
export interface Tenant {
  id: string;
  apiKey: string;
  login: { email: string; password: string };
  api: Api;
}

/** The program as a user starts it, whichever Node runs the tests. */
export const program = path.join(__dirname, '../../../easyflow/bin/easyflow.cjs');

/** What a user's shell has: nothing of the test run's own settings. */
export function plainEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(EASYFLOW_|OTEL_|NODE_OPTIONS$|JEST_)/.test(name),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}

/** One of the two shapes, started as a user starts it in a folder of its own; `stop` leaves nothing behind. */
export class Shape {
  private child: ChildProcess | undefined;
  private readonly agent = new Agent({ connections: 64, pipelining: 1 });
  private readonly replicas: ChildProcess[] = [];
  private latest: ShapeFile | undefined;

  private constructor(
    private readonly options: ShapeOptions,
    readonly folder: string,
    readonly port: number,
  ) {}

  static async start(options: ShapeOptions): Promise<Shape> {
    const folder = await mkdtemp(path.join(tmpdir(), `easyflow-e2e-${options.kind}-`));
    const shape = new Shape(options, folder, await freePort());
    try {
      await shape.up();
    } catch (error) {
      await shape.clear();
      throw error;
    }
    return shape;
  }

  get kind(): ShapeKind {
    return this.options.kind;
  }

  get dataDir(): string {
    return path.join(this.folder, 'data');
  }

  get filePath(): string {
    return path.join(this.folder, '.easyflow', `${this.kind}.json`);
  }

  /** Starts the program on the folder; resolves when its file names this start. */
  async up(): Promise<void> {
    const log = openSync(path.join(this.folder, 'command.log'), 'a', 0o600);
    const child = spawn(
      process.execPath,
      [
        program,
        this.kind,
        '--port',
        String(this.port),
        '--data',
        this.dataDir,
        ...(this.options.args ?? []),
      ],
      {
        cwd: this.folder,
        env: { ...plainEnvironment(), ...this.options.env },
        stdio: ['ignore', log, log],
      },
    );
    closeSync(log);
    this.child = child;
    let ended: string | undefined;
    child.once('exit', (code, by) => (ended = by ?? `exit code ${code}`));
    await waitFor(
      async () => {
        if (ended !== undefined)
          throw new Error(`${this.kind} ended (${ended})\n${await this.diagnosis()}`);
        return existsSync(this.filePath) && (await this.file()).pid === child.pid;
      },
      {
        timeout: 200_000,
        describe: async () => `${this.filePath} of pid ${child.pid}\n${await this.diagnosis()}`,
      },
    );
  }

  async file(): Promise<ShapeFile> {
    this.latest = JSON.parse(await readFile(this.filePath, 'utf8')) as ShapeFile;
    return this.latest;
  }

  async mode(): Promise<number> {
    return (await stat(this.filePath)).mode & 0o777;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  client(credential?: string): Api {
    return new Api(this.url, this.agent, credential);
  }

  /** The tenant that the shape itself makes; it has no limits. */
  async demo(): Promise<Tenant> {
    const { tenantId, apiKey, login } = await this.file();
    return { id: tenantId, apiKey, login, api: this.client(apiKey) };
  }

  async createTenant(settings: { name?: string; limits?: unknown } = {}): Promise<Tenant> {
    const { adminKey } = await this.file();
    const answer = await this.client(adminKey).post('/v1/admin/tenants', { json: settings });
    if (answer.status !== 201) throw new Error(`no tenant: ${answer.status} ${answer.text}`);
    const { id, apiKey, login }: Body = answer.body;
    return { id, apiKey, login, api: this.client(apiKey) };
  }

  /** A statement of the superuser, for counting only. */
  async sql<R extends QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    const client = new Client({
      connectionString: (this.latest ?? (await this.file())).databaseUrl,
    });
    await client.connect();
    try {
      await client.query('SET search_path = ef');
      return (await client.query<R>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** The number that the statement's only column holds. */
  async count(text: string, values: unknown[] = []): Promise<number> {
    const [row] = await this.sql<Record<string, unknown>>(text, values);
    return Number(Object.values(row ?? {})[0]);
  }

  async processes(service: string): Promise<ShapeProcess[]> {
    return ((await this.file()).processes ?? []).filter((one) => one.service === service);
  }

  /** The only process of a service. Throws when there are none or several. */
  async process(service: string): Promise<ShapeProcess> {
    const found = await this.processes(service);
    const [first] = found;
    if (!first || found.length > 1) throw new Error(`${found.length} processes of ${service}`);
    return first;
  }

  /** Kills the process and waits until the file names a living one in its place. */
  async killAndAwaitRestart(victim: ShapeProcess): Promise<void> {
    const before = (await this.processes(victim.service)).map(({ pid }) => pid);
    await signal(victim.pid, 'SIGKILL');
    await waitFor(
      async () => {
        const now = await this.processes(victim.service);
        return now.length >= before.length && now.every(({ pid }) => pid !== victim.pid);
      },
      { timeout: 100_000, describe: `${victim.service} to be started again` },
    );
  }

  /**
   * Another process of a service, as this one was started, in a slot and on a port of its own unless told
   * otherwise; it is nobody's to restart.
   */
  async replica(
    of: { argv: string[]; env: Record<string, string> },
    own: { port: number; slot: string },
  ): Promise<ShapeProcess> {
    const log = openSync(path.join(this.folder, `replica-${this.replicas.length}.log`), 'a', 0o600);
    const [file = process.execPath, ...args] = of.argv;
    const child = spawn(file, args, {
      cwd: this.folder,
      env: { ...of.env, EASYFLOW_HTTP_PORT: String(own.port), EASYFLOW_SLOT: own.slot },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.replicas.push(child);
    if (child.pid === undefined) throw new Error(`${file} could not be started`);
    return { service: 'replica', pid: child.pid, url: `http://127.0.0.1:${own.port}` };
  }

  commandOf(victim: ShapeProcess): ReturnType<typeof commandOf> {
    return commandOf(victim.pid);
  }

  /** Ctrl-C: resolves with the exit code when the program has ended. */
  async interrupt(): Promise<number | null> {
    const { child } = this;
    if (!child) throw new Error('not started');
    if (child.exitCode === null && child.signalCode === null) {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await exited;
    }
    return child.exitCode;
  }

  /** SIGKILL of everything at once, or of the program alone. */
  async killAll(which: 'everything' | 'program' = 'everything'): Promise<void> {
    const { pid, processes = [] } = await this.file();
    const pids = which === 'program' ? [pid] : [pid, ...processes.map((one) => one.pid)];
    for (const each of pids) process.kill(each, 'SIGKILL');
    for (const each of pids)
      await waitFor(async () => !(await isAlive(each)), { describe: `${each} to die` });
  }

  /** Ends the shape as Ctrl-C does and checks that it left nothing running and no file. */
  async stop(): Promise<void> {
    for (const child of this.replicas) child.kill('SIGKILL');
    const named = this.latest?.processes ?? [];
    // A frozen process cannot stop cleanly, and no user's is.
    for (const { pid } of named) if (await isAlive(pid)) await signal(pid, 'SIGCONT');
    const code = await this.interrupt();
    const fileLeft = existsSync(this.filePath);
    const left = await processesOf(this.folder);
    const diagnosis = await this.diagnosis();
    await this.clear();
    if (left.length > 0 || fileLeft || code !== 130) {
      throw new Error(
        `Ctrl-C ended with ${code}, left processes [${left.join(', ')}]${fileLeft ? ' and its file' : ''}\n${diagnosis}`,
      );
    }
  }

  diagnosis(which: 'troubles' | 'all' = 'all'): Promise<string> {
    return shapeLogs(this.folder, which);
  }

  private async clear(): Promise<void> {
    this.child?.kill('SIGKILL');
    for (const pid of await processesOf(this.folder)) await signal(pid, 'SIGKILL');
    await this.agent.destroy();
    await rm(this.folder, { recursive: true, force: true });
  }
}
