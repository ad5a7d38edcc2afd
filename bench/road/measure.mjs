import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { percentile } from '../../apps/e2e/neighbours/percentile.mjs';
import { cpuOf } from './cpu.mjs';
import { Database } from './database.mjs';
import { Isolation } from './isolation.mjs';
import { oneCaller, openLoop, wallClock } from './open-loop.mjs';
import { MinimumWork } from './pgbench.mjs';
import { createTenants, prepareTenant, target } from './tenants.mjs';
import { wrk } from './wrk.mjs';

const WAIT = 'wait=30';
const TENANTS = 100;
/** Connections of the open-loop generator: more than are ever in flight below the knee. */
const CONNECTIONS = 64;
/** Requests a second of the quiet tenant. */
const QUIET_RATE = 100;

/** What can be left out by `--only`; pgbench always runs, since everything is told against it. */
export const PARTS = ['throughput', 'tenants', 'isolation', 'latency', 'quiet'];

/** Measures one running shape, one round after the other. */
export class Measurement {
  #shape;
  #database;
  #minimum;
  #isolation;
  #keys;
  #seconds;
  #parts;
  #log;

  static async open(shape, { seconds, parts, log }) {
    const { info } = shape;
    log('preparing the flow and the tenants');
    await prepareTenant(info, info.apiKey);
    const wanted = parts.has('tenants') || parts.has('isolation') ? TENANTS : 0;
    const tenants = await createTenants(info, wanted, { requestsPerSecond: 1_000_000 });
    // Their limit is the default one.
    const [quiet, noisy] = parts.has('quiet') ? await createTenants(info, 2) : [];
    const database = await Database.open(info.databaseUrl);
    const files = {
      one: path.join(shape.folder, 'one.keys'),
      many: path.join(shape.folder, 'many.keys'),
      noisy: path.join(shape.folder, 'noisy.keys'),
    };
    await writeFile(files.one, `${info.apiKey}\n`, { mode: 0o600 });
    await writeFile(files.many, tenants.map((key) => `${key}\n`).join(''), { mode: 0o600 });
    await writeFile(files.noisy, `${noisy}\n`, { mode: 0o600 });
    return new Measurement({
      shape,
      database,
      minimum: await MinimumWork.open(info.databaseUrl),
      isolation: await Isolation.of(database),
      keys: { files, one: info.apiKey, quiet },
      seconds,
      parts,
      log,
    });
  }

  constructor({ shape, database, minimum, isolation, keys, seconds, parts, log }) {
    this.#shape = shape;
    this.#database = database;
    this.#minimum = minimum;
    this.#isolation = isolation;
    this.#keys = keys;
    this.#seconds = seconds;
    this.#parts = parts;
    this.#log = log;
  }

  /** Node compiles its hot functions, Postgres fills its caches and plans. */
  async warmUp() {
    this.#log('warming up');
    const { one, many } = this.#keys.files;
    for (const [keyFile, prefer] of [
      [one, undefined],
      [one, WAIT],
      ...(this.#parts.has('tenants') || this.#parts.has('isolation') ? [[many, undefined]] : []),
    ]) {
      await this.#load({ keyFile, callers: 64, seconds: 2, prefer });
      await this.#database.drained();
    }
    await this.#database.query('ANALYZE ef.executions, ef.execution_history');
  }

  /** One round of everything, in one order, so that what slowly changes touches all alike. */
  async round() {
    const { one, many } = this.#keys.files;
    const result = { minimum: await this.#minimumWork() };
    if (this.#parts.has('throughput')) {
      result.start = await this.#throughput('202, 1 tenant', { keyFile: one, callers: 256 });
      result.wait = await this.#throughput('wait, 1 tenant', {
        keyFile: one,
        callers: 64,
        prefer: WAIT,
      });
    }
    if (this.#parts.has('tenants')) {
      result.startMany = await this.#throughput('202, 100 tenants', {
        keyFile: many,
        callers: 256,
      });
      result.waitMany = await this.#throughput('wait, 100 tenants', {
        keyFile: many,
        callers: 64,
        prefer: WAIT,
      });
    }
    if (this.#parts.has('isolation')) result.isolation = await this.#isolationCost();
    if (this.#parts.has('latency')) result.latency = await this.#latency(result);
    if (this.#parts.has('quiet')) result.quiet = await this.#quiet();
    return result;
  }

  async close() {
    await this.#minimum.close();
    await this.#database.close();
  }

  async #minimumWork() {
    const saturated = await this.#minimum.saturated(this.#seconds);
    const idle = this.#parts.has('latency') ? await this.#minimum.idle(2) : undefined;
    this.#log(`pgbench: ${Math.round(saturated.perSecond)} pairs/s`);
    return { ...saturated, idle };
  }

  #load({ keyFile, callers, seconds, prefer }) {
    return wrk({ url: this.#shape.info.url, target, keyFile, callers, seconds, prefer });
  }

  async #counters() {
    return {
      ...(await this.#database.counters()),
      node: await cpuOf(this.#shape.nodePids),
      kafka: await cpuOf(this.#shape.kafkaPids),
    };
  }

  /** Executions started and completed a second: from the first request until no execution is open. */
  async #throughput(name, load) {
    const stored = await this.#database.completed();
    await this.#database.checkpoint();
    await this.#database.settled();
    const before = await this.#counters();
    const from = performance.now();
    const sent = await this.#load({ ...load, seconds: this.#seconds });
    const seconds = ((await this.#database.drained()) - from) / 1000;
    await this.#database.settled();
    const after = await this.#counters();
    const executions = (await this.#database.completed()) - stored;
    if (sent.refused > 0 || sent.broken > 0) {
      throw new Error(`${name}: ${sent.refused} requests were refused and ${sent.broken} broken`);
    }
    const per = (key, factor = 1) => ((after[key] - before[key]) * factor) / executions;
    const result = {
      perSecond: executions / seconds,
      drainSeconds: seconds - sent.seconds,
      executions,
      commits: per('commits'),
      wal: per('wal'),
      postgresMicros: per('cpu', 1e6),
      nodeMicros: per('node', 1e6),
      kafkaMicros: per('kafka', 1e6),
      p50: sent.p50,
      p99: sent.p99,
    };
    this.#log(
      `${name}: ${Math.round(result.perSecond)}/s, Postgres ${Math.round(result.postgresMicros)} µs, ` +
        `Node ${Math.round(result.nodeMicros)} µs, ${result.commits.toFixed(3)} commits an execution`,
    );
    return result;
  }

  /** On, off, on again: what else happens on the machine falls on both alike. */
  async #isolationCost() {
    const load = { keyFile: this.#keys.files.many, callers: 256 };
    const before = await this.#throughput('100 tenants', load);
    await this.#isolation.off();
    let open;
    try {
      open = await this.#throughput('100 tenants without row-level security', load);
    } finally {
      await this.#isolation.on();
    }
    const after = await this.#throughput('100 tenants', load);
    const mean = (key) => (before[key] + after[key]) / 2;
    return {
      on: mean('perSecond'),
      off: open.perSecond,
      postgresOn: mean('postgresMicros'),
      postgresOff: open.postgresMicros,
    };
  }

  /** At fixed rates, shares of what this shape was measured to do at most. */
  async #latency({ start, wait }) {
    if (!start || !wait) throw new Error('latency is measured at shares of the throughput');
    const { url } = this.#shape.info;
    const seconds = Math.max(3, this.#seconds - 1);
    const idle = await oneCaller({ url, target, key: this.#keys.one, prefer: WAIT, requests: 300 });
    const loop = (rate, prefer) =>
      openLoop({
        url,
        target,
        keys: [this.#keys.one],
        prefer,
        rate,
        seconds,
        connections: CONNECTIONS,
      });
    const complete = await this.#completion(await loop(start.perSecond * 0.3, undefined));
    const third = await loop(wait.perSecond * 0.3, WAIT);
    const half = await loop(wait.perSecond * 0.5, WAIT);
    const points = (sorted) => ({ p50: percentile(sorted, 50), p99: percentile(sorted, 99) });
    const result = {
      idle: points(idle),
      complete: points(complete),
      wait: points(third.latencies),
      half: points(half.latencies),
    };
    this.#log(
      `latency p50/p99 ms: idle ${text(result.idle)}, complete at 30 % ${text(result.complete)}, ` +
        `wait at 30 % ${text(result.wait)}, at 50 % ${text(result.half)}`,
    );
    return result;
  }

  /** From when a request was due to the end that the database wrote; both clocks are this machine's. */
  async #completion({ starts }) {
    await this.#database.drained();
    const ends = await this.#database.ends([...starts.keys()]);
    const latencies = [...starts].map(([id, due]) => ends.get(id) - due);
    return latencies.sort((a, b) => a - b);
  }

  async #quiet() {
    const { url } = this.#shape.info;
    const loop = () =>
      openLoop({
        url,
        target,
        keys: [this.#keys.quiet],
        prefer: WAIT,
        rate: QUIET_RATE,
        seconds: this.#seconds,
        connections: CONNECTIONS,
      });
    const alone = await loop();
    const begun = wallClock();
    const flood = this.#load({
      keyFile: this.#keys.files.noisy,
      callers: 64,
      seconds: this.#seconds + 1,
    });
    const beside = await loop();
    const { requests, refused } = await flood;
    await this.#database.drained();
    const result = {
      alone: percentile(alone.latencies, 99),
      beside: percentile(beside.latencies, 99),
      aloneP50: percentile(alone.latencies, 50),
      besideP50: percentile(beside.latencies, 50),
      floodPerSecond: (requests * 1000) / (wallClock() - begun),
      floodRefused: refused / requests,
    };
    this.#log(
      `quiet tenant's p99: alone ${result.alone.toFixed(1)} ms, beside a flood of ` +
        `${Math.round(result.floodPerSecond)}/s (${Math.round(result.floodRefused * 100)} % refused) ${result.beside.toFixed(1)} ms`,
    );
    return result;
  }
}

function text({ p50, p99 }) {
  return `${p50.toFixed(1)}/${p99.toFixed(1)}`;
}
