// A: the minimum durable work of an execution, one INSERT transaction and one UPDATE transaction, by pgbench on the
// server of the shape, in a database of its own.
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Database } from './database.mjs';
import { command } from './command.mjs';
import { percentile } from '../../apps/e2e/neighbours/percentile.mjs';

const DATABASE = 'bench_minimum';
const TABLE = `
  CREATE TABLE executions (
    tenant_id uuid NOT NULL, id uuid NOT NULL DEFAULT uuidv7(), status text NOT NULL,
    input json NOT NULL, output json, created_at timestamptz NOT NULL, ended_at timestamptz,
    PRIMARY KEY (tenant_id, id)
  ) WITH (fillfactor = 70)`;
// With prepared statements pgbench makes :id a parameter.
const PAIR = `
INSERT INTO executions (tenant_id, status, input, created_at) VALUES ('00000000-0000-7000-8000-000000000001', 'pending', '{"order":"4711","price":12,"count":3}', now()) RETURNING id \\gset
UPDATE executions SET status = 'completed', output = '{"order":"4711","total":36}', ended_at = now() WHERE tenant_id = '00000000-0000-7000-8000-000000000001' AND id = :id;
`;

export class MinimumWork {
  #folder;
  #database;
  #url;

  static async open(databaseUrl) {
    const url = new URL(databaseUrl);
    const server = await Database.open(databaseUrl);
    const [existing] = await server.query('SELECT 1 FROM pg_database WHERE datname = $1', [
      DATABASE,
    ]);
    if (!existing) await server.query(`CREATE DATABASE ${DATABASE}`);
    await server.close();
    url.pathname = `/${DATABASE}`;
    const folder = await mkdtemp(path.join(os.tmpdir(), 'easyflow-pgbench-'));
    await writeFile(path.join(folder, 'pair.sql'), PAIR);
    return new MinimumWork(folder, await Database.open(url.href), url.href);
  }

  constructor(folder, database, url) {
    this.#folder = folder;
    this.#database = database;
    this.#url = url;
  }

  /** Pairs a second with 32 clients, and what one costs: commits, WAL bytes, Postgres CPU in microseconds. */
  async saturated(seconds) {
    await this.#fresh();
    const before = await this.#database.counters();
    const { pairs, perSecond } = await this.#run(['--client=32', '--jobs=1', `--time=${seconds}`]);
    await this.#database.settled();
    const after = await this.#database.counters();
    return {
      perSecond,
      commits: (after.commits - before.commits) / pairs,
      wal: (after.wal - before.wal) / pairs,
      cpuMicros: ((after.cpu - before.cpu) * 1e6) / pairs,
    };
  }

  /** Median milliseconds of one pair with one client. */
  async idle(seconds) {
    await this.#fresh();
    await this.#run(['--client=1', `--time=${seconds}`, '--log', '--log-prefix=pair']);
    const latencies = [];
    for (const name of await readdir(this.#folder)) {
      if (!name.startsWith('pair.') || name === 'pair.sql') continue;
      const file = path.join(this.#folder, name);
      for (const line of (await readFile(file, 'utf8')).split('\n')) {
        const micros = line.split(' ')[2];
        if (micros !== undefined) latencies.push(Number(micros) / 1000);
      }
      await rm(file);
    }
    return percentile(
      latencies.sort((a, b) => a - b),
      50,
    );
  }

  async close() {
    await this.#database.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #fresh() {
    await this.#database.query(`DROP TABLE IF EXISTS executions`);
    await this.#database.query(TABLE);
    await this.#database.checkpoint();
  }

  async #run(args) {
    const output = await command(
      'pgbench',
      ['--no-vacuum', '--protocol=prepared', '--file=pair.sql', ...args, this.#url],
      { cwd: this.#folder },
    );
    const pairs = /number of transactions actually processed: (\d+)/.exec(output);
    const perSecond = /^tps = ([\d.]+)/m.exec(output);
    if (!pairs || !perSecond) throw new Error(`pgbench printed no result: ${output}`);
    return { pairs: Number(pairs[1]), perSecond: Number(perSecond[1]) };
  }
}
