import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';
import {
  freePort,
  identifyProcess,
  isPortFree,
  isRunning,
  LocalServerError,
  startKafka,
  startPostgres,
  startRedis,
  type LocalPostgres,
} from './index';
import { waitForEnd } from './process-identity';

jest.setTimeout(180_000);

/** Runs a statement on a connection of its own. */
async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Another process that starts a server from the compiled library, prints its pid and then waits. */
async function startElsewhere(
  start: 'startPostgres' | 'startRedis' | 'startKafka',
  dataDir: string,
): Promise<{ parent: ChildProcess; serverPid: number }> {
  const library = path.join(__dirname, '../dist/index.js');
  const script = `require(${JSON.stringify(library)}).${start}({ dataDir: ${JSON.stringify(dataDir)} })
    .then((server) => {
      process.on('SIGTERM', () => process.exit(0));
      console.log('pid ' + server.pid);
    });`;
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const serverPid = await new Promise<number>((resolve, reject) => {
    parent.stdout.on('data', (chunk: Buffer) => {
      const pid = /^pid (\d+)$/m.exec(chunk.toString())?.[1];
      if (pid !== undefined) resolve(Number(pid));
    });
    parent.once('exit', (code) => reject(new Error(`the other process ended with ${code}`)));
  });
  return { parent, serverPid };
}

async function ended(parent: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = new Promise((resolve) => parent.once('exit', resolve));
  parent.kill(signal);
  await exit;
}

let folder: string;
const open = new Set<{ stop(): Promise<void> }>();

/** What a test starts is stopped after it, also when it fails. */
function keep<T extends { stop(): Promise<void> }>(server: T): T {
  open.add(server);
  return server;
}

beforeEach(async () => {
  // mode 0700: as root, Postgres' own user cannot pass through it.
  folder = await mkdtemp(path.join(tmpdir(), 'easyflow-local-servers-'));
});

afterEach(async () => {
  await Promise.all([...open].map((server) => server.stop()));
  open.clear();
  await rm(folder, { recursive: true, force: true });
});

describe('startPostgres', () => {
  const start = async (settings: { port?: number } = {}): Promise<LocalPostgres> =>
    keep(await startPostgres({ dataDir: path.join(folder, 'postgres'), ...settings }));

  it('runs a durable Postgres 18 below a closed folder, and finds its data again', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE kept (id int)');
    const [settings] = await query(
      first.url,
      `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
              current_setting('listen_addresses') AS addresses,
              current_setting('password_encryption') AS passwords`,
    );
    expect(settings).toMatchObject({ fsync: 'on', addresses: '127.0.0.1' });
    expect(settings).toMatchObject({ passwords: 'scram-sha-256' });
    expect(settings?.['version']).toMatch(/^18\./);
    await first.stop();
    await expect(first.exited).resolves.toEqual({ code: 0, signal: null });
    await expect(isPortFree(first.port)).resolves.toBe(true);

    const second = await start();

    expect(second.url).toBe(first.url);
    await expect(query(second.url, 'SELECT * FROM kept')).resolves.toEqual([]);
  });

  it('wants the password', async () => {
    const { host, port } = await start();

    await expect(
      query(`postgres://postgres:guess@${host}:${port}/postgres`, 'SELECT 1'),
    ).rejects.toThrow(/password authentication failed/);
  });

  it('recovers after SIGKILL, with sessions open, and loses nothing committed', async () => {
    const first = await start();
    const session = new Client({ connectionString: first.url });
    session.on('error', () => undefined);
    await session.connect();
    await session.query('CREATE TABLE kept AS SELECT generate_series(1, 100) AS id');
    await first.kill('SIGKILL');
    await expect(first.exited).resolves.toMatchObject({ signal: 'SIGKILL' });

    const second = await start();

    await expect(query(second.url, 'SELECT count(*)::int AS n FROM kept')).resolves.toEqual([
      { n: 100 },
    ]);
    expect(second.url).toBe(first.url);
    await session.end().catch(() => undefined);
  });

  it('takes over from a parent that was killed and left it running', async () => {
    const { parent, serverPid } = await startElsewhere(
      'startPostgres',
      path.join(folder, 'postgres'),
    );
    const orphan = await identifyProcess(serverPid);
    await ended(parent, 'SIGKILL');
    expect(orphan && (await isRunning(orphan))).toBe(true);

    const server = await start();

    expect(orphan && (await isRunning(orphan))).toBe(false);
    await expect(query(server.url, 'SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
  });

  it('refuses a folder that another running process serves, and leaves that alone', async () => {
    const { parent, serverPid } = await startElsewhere(
      'startPostgres',
      path.join(folder, 'postgres'),
    );
    const theirs = await identifyProcess(serverPid);

    await expect(start()).rejects.toThrow(new RegExp(`in use by process ${parent.pid}`));

    expect(theirs && (await isRunning(theirs))).toBe(true);
    await ended(parent, 'SIGKILL');
    await start();
  });

  it('never ends a process that only has the pid of its old server', async () => {
    await (await start()).stop();
    const bystander = spawn('sleep', ['600'], { stdio: 'ignore' });
    const identity = await identifyProcess(bystander.pid ?? 0);
    await writeFile(
      path.join(folder, 'postgres', 'process.json'),
      JSON.stringify({ pid: bystander.pid, started: 'another time' }),
    );

    await start();

    expect(identity && (await isRunning(identity))).toBe(true);
    await ended(bystander, 'SIGKILL');
  });

  it('keeps everything inside the data folder, the secrets for its owner only', async () => {
    await (await start()).stop();

    const modes = execFileSync('find', [folder, '-name', '*.json', '-printf', '%f %m\n'], {
      encoding: 'utf8',
    });
    expect(modes.trim().split('\n')).toEqual(['server.json 600']);
    await rm(path.join(folder, 'postgres'), { recursive: true });
    const fresh = await start();
    await expect(
      query(
        fresh.url,
        `SELECT 1 FROM pg_database WHERE datname <> 'postgres' AND NOT datistemplate`,
      ),
    ).resolves.toEqual([]);
  });

  it.each([
    ['PG_VERSION is missing', 'cluster/PG_VERSION'],
    ['pg_control is missing', 'cluster/global/pg_control'],
    ['server.json, is missing', 'server.json'],
    ['its database folder is missing', 'cluster'],
  ])('says of a broken folder that %s, and what to do', async (what, file) => {
    await (await start()).stop();
    await rm(path.join(folder, 'postgres', file), { recursive: true });

    const failure = await start().then(
      () => undefined,
      (error: unknown) => error,
    );

    expect(failure).toBeInstanceOf(LocalServerError);
    expect(String(failure)).toContain(what);
    expect(String(failure)).toMatch(/Fix: restore .* or delete it/);
  });

  it('shows the end of the log when the files are damaged', async () => {
    await (await start()).stop();
    await writeFile(path.join(folder, 'postgres/cluster/global/pg_control'), 'damaged');

    await expect(start()).rejects.toThrow(/Postgres ended while it was starting[^]*Fix: /);
  });

  it('says that the port is taken', async () => {
    const port = await freePort();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));

    await expect(start({ port })).rejects.toThrow(
      new RegExp(`127\\.0\\.0\\.1:${port}: another program has that port`),
    );

    await new Promise((resolve) => other.close(resolve));
    expect((await start({ port })).port).toBe(port);
  });
});

describe('startRedis', () => {
  const dataDir = () => path.join(folder, 'redis');

  it('starts, restarts on its port after SIGKILL, and takes over from a killed parent', async () => {
    const first = keep(await startRedis({ dataDir: dataDir() }));
    const client = new Redis(first.url);
    await expect(client.set('key', 'value')).resolves.toBe('OK');
    client.disconnect();
    await first.kill('SIGKILL');

    const second = keep(await startRedis({ dataDir: dataDir() }));
    expect(second.url).toBe(first.url);
    await second.stop();

    const { parent, serverPid } = await startElsewhere('startRedis', dataDir());
    const orphan = await identifyProcess(serverPid);
    await ended(parent, 'SIGKILL');
    const third = keep(await startRedis({ dataDir: dataDir() }));
    expect(orphan && (await isRunning(orphan))).toBe(false);
    expect(third.url).toBe(first.url);
  });

  it('ends with a parent that exits without stopping it', async () => {
    const { parent, serverPid } = await startElsewhere('startRedis', dataDir());
    const server = await identifyProcess(serverPid);
    if (!server) throw new Error('the server is gone already');

    await ended(parent, 'SIGTERM');

    await expect(waitForEnd([server], 10_000)).resolves.toBe(true);
  });
});

describe('startKafka', () => {
  it('keeps its topics over SIGKILL, a clean stop and a killed parent', async () => {
    const dataDir = path.join(folder, 'kafka');
    const topics = async (brokers: string[]): Promise<string[]> => {
      const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
      const admin = kafka.admin();
      await admin.connect();
      try {
        const known = await admin.listTopics();
        if (!known.includes('kept')) {
          await admin.createTopics({ topics: [{ topic: 'kept' }], waitForLeaders: true });
        }
        return known;
      } finally {
        await admin.disconnect();
      }
    };
    const first = keep(await startKafka({ dataDir }));
    await expect(topics(first.brokers)).resolves.not.toContain('kept');
    await first.kill('SIGKILL');

    const second = keep(await startKafka({ dataDir }));
    expect(second.brokers).toEqual(first.brokers);
    await expect(topics(second.brokers)).resolves.toContain('kept');
    await second.stop();

    const { parent, serverPid } = await startElsewhere('startKafka', dataDir);
    const orphan = await identifyProcess(serverPid);
    await ended(parent, 'SIGKILL');
    const third = keep(await startKafka({ dataDir }));
    expect(orphan && (await isRunning(orphan))).toBe(false);
    expect(third.brokers).toEqual(first.brokers);
    await expect(topics(third.brokers)).resolves.toContain('kept');
    await expect(readFile(path.join(dataDir, 'server.properties'), 'utf8')).resolves.toContain(
      'auto.create.topics.enable=false',
    );
  });
});
