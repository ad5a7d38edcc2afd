import { Redis } from 'ioredis';
import { choosePort } from './ports';
import { findProgram, missingProgram } from './programs';
import { ServerFolder } from './server-folder';
import { ServerProcess, type ServerExit } from './server-process';

/** A running Redis of this machine. */
export interface LocalRedis {
  readonly url: string;
  readonly pid: number;
  /** Idempotent. */
  stop(): Promise<void>;
  /** Sends a signal, `SIGKILL` unless another is named. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Resolves once, when it has ended for whatever reason. */
  readonly exited: Promise<ServerExit>;
}

export interface StartRedisOptions {
  readonly dataDir: string;
  /** Default: the port this folder had last time, else a free one. */
  readonly port?: number;
  readonly log?: (line: string) => void;
  /** Called with the process id as soon as it runs, before it is ready. */
  readonly spawned?: (pid: number) => void;
}

const host = '127.0.0.1';

/**
 * Starts Redis. It keeps nothing on disk: EasyFlow holds only what may be lost in it (counters of
 * rate limits, caches). Throws LocalServerError when it cannot, saying what to do.
 */
export async function startRedis(options: StartRedisOptions): Promise<LocalRedis> {
  const folder = await ServerFolder.open(options.dataDir, 'Redis');
  try {
    return await startIn(folder, options);
  } catch (error) {
    await folder.close();
    throw error;
  }
}

async function startIn(folder: ServerFolder, options: StartRedisOptions): Promise<LocalRedis> {
  const log = options.log ?? (() => undefined);
  const command = await findProgram('redis-server');
  if (!command) throw missingProgram('redis-server');
  await folder.endLeftovers('redis-server', 'SIGTERM', log);
  const remembered = (await folder.recall())?.['port'];
  const port = await choosePort('Redis', {
    ...(options.port === undefined ? {} : { asked: options.port }),
    ...(typeof remembered === 'number' ? { remembered } : {}),
  });
  await folder.remember({ port });
  const settings = { port: String(port), bind: host, save: '', appendonly: 'no', daemonize: 'no' };
  const server = await ServerProcess.start(
    {
      server: 'Redis',
      command,
      args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
      cwd: folder.path,
      stopSignal: 'SIGTERM',
    },
    folder,
  );
  options.spawned?.(server.pid);
  await server.waitUntilReady(() => answers(port), {
    timeoutMs: 30_000,
    fix: `see the log; deleting ${folder.path} starts with an empty Redis.`,
    log,
  });
  return {
    url: `redis://${host}:${port}`,
    pid: server.pid,
    stop: () => server.stop(),
    kill: (signal) => server.kill(signal),
    exited: server.exited,
  };
}

async function answers(port: number): Promise<boolean> {
  const client = new Redis({ host, port, lazyConnect: true, retryStrategy: () => null });
  // Refused connections are what is waited out here.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}
