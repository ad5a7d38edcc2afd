import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { quietenIdleQueues } from '@easyflow/platform-kafkajs';
import { Kafka, logLevel } from 'kafkajs';
import { ensureKafkaJars } from './kafka-jars';
import { LocalServerError } from './local-server-error';
import { choosePort } from './ports';
import { findProgram, missingProgram } from './programs';
import { runCommand } from './run-command';
import { exists, ServerFolder, type FolderMemory } from './server-folder';
import { ServerProcess, type ServerExit } from './server-process';

/** A running Apache Kafka of this machine: one node, broker and controller (KRaft). */
export interface LocalKafka {
  /** `host:port` */
  readonly brokers: string[];
  readonly pid: number;
  /** Clean shutdown; by force when it takes longer than 20 s. Idempotent. */
  stop(): Promise<void>;
  /** Sends a signal, `SIGKILL` unless another is named. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Resolves once, when it has ended for whatever reason. */
  readonly exited: Promise<ServerExit>;
}

export interface StartKafkaOptions {
  readonly dataDir: string;
  /** Default: the port this folder had last time, else a free one. */
  readonly port?: number;
  readonly log?: (line: string) => void;
  /** Called with the process id as soon as it runs, before it is ready. */
  readonly spawned?: (pid: number) => void;
}

const host = '127.0.0.1';

/**
 * Starts Apache Kafka on its data folder, which it formats when there is none; fetches Kafka first
 * when this machine has not got it. Throws LocalServerError when it cannot, saying what to do.
 */
export async function startKafka(options: StartKafkaOptions): Promise<LocalKafka> {
  const folder = await ServerFolder.open(options.dataDir, 'Kafka');
  try {
    return await startIn(folder, options);
  } catch (error) {
    await folder.close();
    throw error;
  }
}

async function startIn(folder: ServerFolder, options: StartKafkaOptions): Promise<LocalKafka> {
  const log = options.log ?? (() => undefined);
  const java = await findJava();
  const jars = await ensureKafkaJars(log);
  await folder.endLeftovers('java', 'SIGTERM', log);

  const known = await folder.recall();
  const port = await choosePort('Kafka', {
    ...(options.port === undefined ? {} : { asked: options.port }),
    ...rememberedPort(known, 'port'),
  });
  const controllerPort = await choosePort('Kafka', rememberedPort(known, 'controllerPort'));
  const clusterId = String(known?.['clusterId'] ?? newClusterId());
  await folder.remember({ port, controllerPort, clusterId });

  const data = folder.file('log');
  const properties = folder.file('server.properties');
  await mkdir(data, { recursive: true, mode: 0o700 });
  await writeFile(properties, serverProperties(data, port, controllerPort), { mode: 0o600 });
  const jvm = ['-cp', path.join(jars, '*'), '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
  if (!(await exists(path.join(data, 'meta.properties')))) {
    log('formatting the Kafka data folder');
    await format(java, [...jvm, 'kafka.tools.StorageTool'], clusterId, properties);
  }

  const server = await ServerProcess.start(
    {
      server: 'Kafka',
      command: java,
      args: ['-Xms128m', '-Xmx512m', ...jvm, 'kafka.Kafka', properties],
      cwd: folder.path,
      stopSignal: 'SIGTERM',
    },
    folder,
  );
  const broker = `${host}:${port}`;
  options.spawned?.(server.pid);
  await server.waitUntilReady(() => answers(broker), {
    // With thousands of topics on disk a start after a crash takes many seconds.
    timeoutMs: 120_000,
    fix: `see the log; deleting ${folder.path} starts with an empty Kafka.`,
    log,
  });
  return {
    brokers: [broker],
    pid: server.pid,
    stop: () => server.stop(),
    kill: (signal) => server.kill(signal),
    exited: server.exited,
  };
}

async function findJava(): Promise<string> {
  const home = process.env['JAVA_HOME'];
  const ofHome = home === undefined ? undefined : path.join(home, 'bin', 'java');
  if (ofHome !== undefined && (await exists(ofHome))) return ofHome;
  const java = await findProgram('java');
  if (!java) throw missingProgram('java');
  return java;
}

function rememberedPort(known: FolderMemory | undefined, name: string): { remembered?: number } {
  const port = known?.[name];
  return typeof port === 'number' ? { remembered: port } : {};
}

/** 16 bytes as Kafka writes a Uuid: base64url without padding, and not beginning with a dash. */
function newClusterId(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('base64url');
}

async function format(
  java: string,
  tool: readonly string[],
  clusterId: string,
  properties: string,
): Promise<void> {
  const args = ['format', '--cluster-id', clusterId, '--config', properties];
  const result = await runCommand(java, [...tool, ...args]);
  if (result.code !== 0) {
    throw new LocalServerError(
      `Kafka could not format its data folder:\n${result.output.trim()}`,
      'delete that folder, or choose another one; Kafka needs Java 17 or newer.',
    );
  }
}

/**
 * A static quorum of one, not `format --standalone`: that writes the controller's port into the
 * data, and this folder may have to move to another port.
 */
function serverProperties(data: string, port: number, controllerPort: number): string {
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${host}:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${host}:${port},CONTROLLER://${host}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${host}:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': data,
    'auto.create.topics.enable': false,
    // After a SIGKILL the broker is refused until its old session is over: 9 s by default.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    'group.initial.rebalance.delay.ms': 0,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // The default takes 128 MB of the heap for a compaction that a small offsets topic hardly needs.
    'log.cleaner.dedupe.buffer.size': 8 * 1024 * 1024,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

async function answers(broker: string): Promise<boolean> {
  quietenIdleQueues();
  const admin = new Kafka({
    clientId: 'easyflow-local-servers',
    brokers: [broker],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  } catch {
    return false;
  } finally {
    await admin.disconnect();
  }
}
