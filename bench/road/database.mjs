import pg from 'pg';
import { cpuOfPostgres, parentOf } from './cpu.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Backends report their statistics at most once a second. */
const STATISTICS_DELAY_MS = 1_100;

/** Without an open execution for this long, nothing more is on its way. */
const QUIET_MS = 300;

/** A superuser's look at the server of a shape. */
export class Database {
  #client;

  static async open(url) {
    const client = new pg.Client({ connectionString: url, application_name: 'bench' });
    await client.connect();
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    return new Database(client, await parentOf(rows[0].pid));
  }

  constructor(client, postmaster) {
    this.#client = client;
    this.postmaster = postmaster;
  }

  async query(text, values) {
    return (await this.#client.query(text, values)).rows;
  }

  /** Counters of the whole server: commits, WAL bytes, CPU seconds. */
  async counters() {
    const [row] = await this.query(
      `SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS wal,
              (SELECT sum(xact_commit) FROM pg_stat_database) AS commits`,
    );
    return {
      wal: Number(row.wal),
      commits: Number(row.commits),
      cpu: await cpuOfPostgres(this.postmaster),
    };
  }

  async settled() {
    await pause(STATISTICS_DELAY_MS);
  }

  /** What a checkpoint costs is paid before the measurement begins, by everything that is measured alike. */
  async checkpoint() {
    await this.query('CHECKPOINT');
  }

  /**
   * Resolves when no execution is open, with the time (of `performance.now`) at which that was seen first. Requests
   * that were in flight when their caller left may still be accepted: it must stay so for a while.
   */
  async drained(limitMs = 60_000) {
    const limit = performance.now() + limitMs;
    let since;
    for (;;) {
      const [row] = await this.query(
        "SELECT EXISTS (SELECT 1 FROM ef.work WHERE kind = 'execution') AS open",
      );
      const now = performance.now();
      since = row.open ? undefined : (since ?? now);
      if (since !== undefined && now - since > QUIET_MS) return since;
      if (now > limit) throw new Error('executions are still open after a minute');
      await pause(10);
    }
  }

  /** Executions that have completed, of all. Throws when one ended otherwise: then nothing here means anything. */
  async completed() {
    const [row] = await this.query(
      `SELECT count(*) FILTER (WHERE status = 'completed') AS completed, count(*) AS stored FROM ef.executions`,
    );
    if (row.completed !== row.stored) {
      throw new Error(`${row.stored - row.completed} executions ended without completing`);
    }
    return Number(row.completed);
  }

  /** When executions ended, milliseconds since the epoch with fractions, by id. */
  async ends(ids) {
    const rows = await this.query(
      `SELECT id, extract(epoch FROM ended_at)::float8 * 1000 AS ended
         FROM ef.executions WHERE id = ANY ($1::uuid[]) AND ended_at IS NOT NULL`,
      [ids],
    );
    return new Map(rows.map((row) => [row.id, row.ended]));
  }

  async close() {
    await this.#client.end();
  }
}
