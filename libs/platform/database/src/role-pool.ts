import pg, { type Client, type QueryResult } from 'pg';
import { OperationalError, UnexpectedError } from '@easyflow/kernel-errors';
import {
  connectionOptions,
  driverSsl,
  sessionSettings,
  type DatabaseAddress,
} from './connection-settings';
import { poolWaited } from './database-metrics';
import type { Role } from './roles';
import { toDatabaseError } from './statement-error';

/** A statement that a connection prepares once, under its name. */
export interface PreparedStatement {
  name: string;
  text: string;
  values?: readonly unknown[];
}

export interface PreparedResult<R> {
  rows: R[];
  rowCount: number;
}

/** An open transaction. Statements are sent at once, answered in order. */
export interface PipelinedTransaction {
  query<R>(statement: PreparedStatement): Promise<PreparedResult<R>>;
  /** As `query`, with COMMIT sent behind it in the same round trip. Nothing may follow. */
  queryLast<R>(statement: PreparedStatement): Promise<PreparedResult<R>>;
}

export interface RolePoolSettings extends DatabaseAddress {
  role: Role;
  password: string;
  size: number;
  statementTimeoutMs: number;
  /**
   * How long the server bears a transaction between two statements, milliseconds. Longer than any pause of a
   * process that lives, shorter than a lease and than a statement's time: a process that is frozen in a transaction
   * holds its rows no longer, commits nothing when it thaws, and fails nobody who waits for them.
   */
  idleInTransactionMs: number;
  /** Told about every answer (true) and every lost or refused connection (false). */
  onState: (up: boolean) => void;
  /** Told when the server had no room on its disk for a statement. */
  onDiskFull?: () => void;
}

const DISK_FULL = '53100';

/** A session may run data statements only: no SET, DECLARE, PREPARE, COPY, LISTEN, CREATE TEMP … can outlive it. */
const DATA_STATEMENT = /^\s*(select|insert|update|delete|with|values)\b/i;

const CONNECT_TIMEOUT_MS = 3_000;

/** A connection that has served many schema placements holds a plan a statement and schema: beyond this it is replaced. */
const MOST_PREPARED = 2_000;
const prepared = new WeakMap<object, Set<string>>();

function outgrown(client: object): boolean {
  return (prepared.get(client)?.size ?? 0) > MOST_PREPARED;
}

/** The connections of one role: pipelined, prepared, with pinned settings. */
export class RolePool {
  readonly #pool: pg.Pool;
  readonly #role: Role;
  readonly #size: number;
  readonly #onState: (up: boolean) => void;
  readonly #onDiskFull: () => void;
  /** Connections that are not opened again before they are used. */
  #fresh = new WeakSet<object>();

  constructor(settings: RolePoolSettings) {
    this.#onState = settings.onState;
    this.#onDiskFull = settings.onDiskFull ?? (() => undefined);
    this.#role = settings.role;
    this.#size = settings.size;
    this.#pool = new pg.Pool({
      host: settings.host,
      port: settings.port,
      database: settings.database,
      ssl: driverSsl(settings.sslMode),
      user: settings.role,
      password: settings.password,
      application_name: `easyflow ${settings.role}`,
      max: settings.size,
      pipeline: true,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: 300_000,
      // The server ends a long statement; this ends the wait for a server that does not answer at all.
      query_timeout: settings.statementTimeoutMs + 5_000,
      options: connectionOptions(
        sessionSettings(settings.role, {
          statementMs: settings.statementTimeoutMs,
          idleInTransactionMs: settings.idleInTransactionMs,
        }),
      ),
    });
    this.#pool.on('error', () => this.#onState(false));
    // A connection that is lost while checked out emits too, and without a listener that would end the process.
    this.#pool.on('connect', (client) => {
      this.#fresh.add(client);
      client.on('error', () => this.#onState(false));
    });
  }

  /** Runs one statement by itself. Only functions that need no tenant context may be called so. */
  async query<R>(statement: PreparedStatement): Promise<PreparedResult<R>> {
    const client = await this.#checkout();
    try {
      const { rows, rowCount } = await send<R>(client, statement);
      client.release(this.#outlived(client));
      this.#onState(true);
      return { rows, rowCount: rowCount ?? 0 };
    } catch (cause) {
      throw this.#giveUp(client, cause);
    }
  }

  /**
   * BEGIN, `opening`, the statements of `work`, COMMIT. Everything is sent without waiting for the
   * answers before it; a failure anywhere makes the COMMIT a rollback and rejects.
   * @throws what `toDatabaseError` makes of the first failure, or what `work` threw
   */
  async transaction<T>(
    opening: PreparedStatement,
    work: (transaction: PipelinedTransaction) => Promise<T>,
  ): Promise<T> {
    const client = await this.#checkout();
    const transaction = new OpenTransaction(client, opening);
    try {
      const result = await transaction.run(work);
      client.release(this.#outlived(client));
      this.#onState(true);
      return result;
    } catch (cause) {
      throw this.#giveUp(client, cause);
    }
  }

  /** Replaces every connection there is now, each when what it runs has ended. */
  renew(): void {
    this.#fresh = new WeakSet();
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }

  #outlived(client: pg.PoolClient): boolean {
    return outgrown(client) || !this.#fresh.has(client);
  }

  async #checkout(): Promise<pg.PoolClient> {
    const { idleCount, totalCount, waitingCount } = this.#pool;
    // Who has just asked is handed an idle connection at the next tick and counts as waiting until then.
    if (idleCount + this.#size - totalCount <= waitingCount) {
      poolWaited.add(1, { 'easyflow.database.role': this.#role });
    }
    try {
      return await this.#pool.connect();
    } catch (cause) {
      const error = toDatabaseError(cause);
      this.#onState(false);
      throw error;
    }
  }

  /** A refused context or a lost connection may have left the session in any state: it is closed, not reused. */
  #giveUp(client: pg.PoolClient, cause: unknown): unknown {
    const fromServer = cause instanceof pg.DatabaseError;
    const driver = fromServer || isDriverError(cause);
    const error = driver ? toDatabaseError(cause) : cause;
    const lost = error instanceof OperationalError && error.code === 'database.unavailable';
    if (fromServer && cause.code === DISK_FULL) this.#onDiskFull();
    const clean = !driver || (fromServer && !lost && cause.code !== '42501');
    client.release(!clean);
    if (driver) this.#onState(!lost);
    return error;
  }
}

/** Errors of the driver itself carry no SQLSTATE; they are marked when they come out of `send`. */
const driverErrors = new WeakSet<object>();

function isDriverError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && driverErrors.has(error);
}

type Answer<R> = { rows: R[]; rowCount: number | null; command: string };

function send<R>(
  client: Client,
  statement: PreparedStatement | { text: string },
  failed?: (error: Error) => void,
): Promise<Answer<R>> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null | undefined, result: QueryResult): void => {
      if (error) {
        driverErrors.add(error);
        failed?.(error);
        reject(error);
      } else {
        resolve(result as Answer<R>);
      }
    };
    if ('name' in statement) {
      const { name, text, values } = statement;
      const names = prepared.get(client) ?? new Set();
      prepared.set(client, names.add(name));
      client.query({ name, text, values: values ? [...values] : [] }, done);
    } else {
      client.query(statement.text, done);
    }
  });
}

class OpenTransaction implements PipelinedTransaction {
  readonly #client: Client;
  readonly #sent: Promise<unknown>[] = [];
  /** The first failure, known as soon as the driver knows it: also when a value cannot be written to the wire. */
  #failure: Error | undefined;
  #ending: Promise<Answer<never>> | undefined;

  constructor(client: Client, opening: PreparedStatement) {
    this.#client = client;
    this.#track(send(client, { text: 'BEGIN ISOLATION LEVEL READ COMMITTED' }, this.#fail));
    this.#track(send(client, opening, this.#fail));
  }

  query<R>(statement: PreparedStatement): Promise<PreparedResult<R>> {
    if (this.#ending) {
      throw new UnexpectedError('database.transaction_over', 'A statement after the last one');
    }
    if (!DATA_STATEMENT.test(statement.text)) {
      throw new UnexpectedError(
        'database.not_a_data_statement',
        'Only SELECT, INSERT, UPDATE, DELETE, WITH and VALUES run in a session',
      );
    }
    const answer = send<R>(this.#client, statement, this.#fail).then(({ rows, rowCount }) => ({
      rows,
      rowCount: rowCount ?? 0,
    }));
    this.#track(answer);
    return answer;
  }

  queryLast<R>(statement: PreparedStatement): Promise<PreparedResult<R>> {
    const answer = this.query<R>(statement);
    void this.#end();
    return answer;
  }

  async run<T>(work: (transaction: PipelinedTransaction) => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await work(this);
    } catch (error) {
      // A caller may reject for its own reason while statements are in flight.
      this.#ending ??= send(this.#client, { text: 'ROLLBACK' });
      await Promise.allSettled([...this.#sent, this.#ending]);
      throw this.#failure ?? error;
    }
    const answer = this.#end();
    await Promise.allSettled(this.#sent);
    const { command } = await answer.catch((error: unknown) => {
      throw this.#failure ?? error;
    });
    if (this.#failure) throw this.#failure;
    // The COMMIT of a failed transaction answers ROLLBACK without an error.
    if (command !== 'COMMIT') {
      throw new UnexpectedError('database.rolled_back', 'The transaction was rolled back');
    }
    return result;
  }

  #end(): Promise<Answer<never>> {
    // After a failure that the server has not seen (a value that cannot be written), COMMIT would commit.
    if (!this.#ending) {
      this.#ending = send(this.#client, { text: this.#failure ? 'ROLLBACK' : 'COMMIT' });
      this.#track(this.#ending);
    }
    return this.#ending;
  }

  /** A caller need not await every statement: the transaction rejects with the first failure anyway. */
  #track(answer: Promise<unknown>): void {
    this.#sent.push(answer.catch(() => undefined));
  }

  readonly #fail = (error: Error): void => {
    this.#failure ??= error;
  };
}
