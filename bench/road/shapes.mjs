import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';

const program = path.join(import.meta.dirname, '../../apps/easyflow/bin/easyflow.cjs');
const START_LIMIT_MS = 180_000;
const STOP_LIMIT_MS = 30_000;
const NODE_SERVICES = ['gateway', 'flow-registry', 'scheduler', 'executor', 'analytics', 'issuer'];

/** The two shapes: their command and the file that says where they are. */
export const SHAPES = {
  'one-process': { title: 'one process', command: 'dev', file: 'dev.json' },
  services: { title: 'services over Kafka', command: 'services', file: 'services.json' },
};

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A shape that runs with new data in a folder of its own. */
export class Shape {
  #child;
  #folder;

  /** @param {string[]} nodeOptions for a profile of the one process: `--cpu-prof` and its folder */
  static async start(name, { nodeOptions = [], log = () => undefined } = {}) {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'easyflow-bench-'));
    const port = await freePort();
    const { command, file } = SHAPES[name];
    const child = spawn(
      process.execPath,
      [
        ...nodeOptions,
        program,
        command,
        '--port',
        String(port),
        '--data',
        path.join(folder, 'data'),
      ],
      { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    const keep = (data) => {
      output = `${output}${data}`.slice(-20_000);
      log(String(data));
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const shape = new Shape(name, child, folder);
    try {
      shape.info = await shape.#ready(path.join(folder, '.easyflow', file), () => output);
    } catch (error) {
      await shape.stop();
      throw error;
    }
    return shape;
  }

  constructor(name, child, folder) {
    this.name = name;
    this.#child = child;
    this.#folder = folder;
  }

  get folder() {
    return this.#folder;
  }

  /** Our own processes, and Kafka's. */
  get nodePids() {
    const { processes } = this.info;
    if (!processes) return [this.info.pid];
    return processes.filter(({ service }) => NODE_SERVICES.includes(service)).map(({ pid }) => pid);
  }

  get kafkaPids() {
    return (this.info.processes ?? [])
      .filter(({ service }) => service === 'kafka')
      .map(({ pid }) => pid);
  }

  async stop() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGINT');
      const stopped = await Promise.race([ended.then(() => true), pause(STOP_LIMIT_MS)]);
      if (!stopped) {
        process.kill(-this.#child.pid, 'SIGKILL');
        await ended;
      }
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #ready(file, output) {
    const end = Date.now() + START_LIMIT_MS;
    while (Date.now() < end) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`the ${SHAPES[this.name].title} ended while starting:\n${output()}`);
      }
      const info = await readFile(file, 'utf8').catch((error) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (info) return JSON.parse(info);
      await pause(100);
    }
    throw new Error(`the ${SHAPES[this.name].title} did not become ready:\n${output()}`);
  }
}
