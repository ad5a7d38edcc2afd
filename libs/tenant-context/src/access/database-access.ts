import {
  DatabaseClock,
  POOL_SIZES,
  poolWaited,
  RolePool,
  ROLES,
  type DatabaseAddress,
  type Role,
} from '@easyflow/platform-database';
import { OperationalError, UnexpectedError } from '@easyflow/kernel-errors';
import type { Clock } from '@easyflow/kernel-time';
import type { Logger } from '@easyflow/platform-telemetry';
import type { TenantToken } from '../context/tenant';
import { runInTenant } from '../context/unit-of-work';
import { BatchReader } from './batch-reader';
import { BatchWriter } from './batch-writer';
import { Claims } from './claims';
import { DatabaseWatch, readClock } from './database-watch';
import { Issuance } from './issuance';
import { beginStatement, checkBundle, inSchema, type TenantSession } from './sessions';
import { TenantShares } from './tenant-shares';

export interface DatabaseSettings extends DatabaseAddress {
  /** Only of the roles of this process. */
  passwords: Partial<Record<Role, string>>;
  poolSizes?: Partial<Record<Role, number>>;
  /** Default 15,000, and for `ef_api` never more than 5,000. */
  statementTimeoutMs?: number;
  /** Default 5,000; see `RolePoolSettings`. */
  idleInTransactionMs?: number;
  /** Of this machine; default its system clocks. */
  machineClock?: Clock;
}

/**
 * A request's statement: what takes longer fails for who asked, before it keeps a connection from others. Every one is
 * bound by an index and takes milliseconds.
 */
const REQUEST_STATEMENT_MS = 5_000;

/** What a service needs to be of use beside a database that answers; for `/readyz`. */
export interface DatabaseHealth {
  /** This machine's clock and the database's are less than 5 s apart. */
  clock: boolean;
  /** The database had room on its disk for everything of the last 15 s. */
  disk: boolean;
}

/**
 * Times are kept by the database's clock, so a skew harms nothing by itself; but ids are made, logs written and
 * access tokens read by clients in the machines' own time, and a machine this far off is a broken one.
 */
const MOST_SKEW_MS = 5_000;
/** A disk that was full is taken for full until it has borne this much time without saying so again. */
const DISK_FULL_MS = 15_000;

const SINGLE_TENANT_ROLES: readonly Role[] = [
  'ef_api',
  'ef_registry',
  'ef_worker',
  'ef_scheduler',
  'ef_analytics',
  'ef_writer',
];

/** Roles whose sessions are of one tenant each. The flushes of `ef_writer` have lanes of their own. */
const DIVIDED_ROLES: readonly Role[] = SINGLE_TENANT_ROLES.filter((role) => role !== 'ef_writer');

/** All connections of one process, by role: the only way to a tenant's data. */
export class DatabaseAccess {
  readonly writer: BatchWriter;
  readonly reader: BatchReader;
  readonly claims: Claims;
  readonly issuance: Issuance;
  /** The database's time, once `watch` has asked for it; to be used for all that the database keeps the times of. */
  readonly clock: DatabaseClock;
  readonly #pools: ReadonlyMap<Role, RolePool>;
  readonly #shares: ReadonlyMap<Role, TenantShares>;
  readonly #watch: DatabaseWatch;
  #up = true;
  #diskFullAt = -Infinity;

  private constructor(settings: DatabaseSettings) {
    const pools = new Map<Role, RolePool>();
    const shares = new Map<Role, TenantShares>();
    const statementTimeoutMs = settings.statementTimeoutMs ?? 15_000;
    for (const role of ROLES) {
      const password = settings.passwords[role];
      if (password === undefined) continue;
      const size = settings.poolSizes?.[role] ?? POOL_SIZES[role];
      if (DIVIDED_ROLES.includes(role)) {
        shares.set(role, new TenantShares({ size, onWait: () => countWait(role) }));
      }
      pools.set(
        role,
        new RolePool({
          host: settings.host,
          port: settings.port,
          database: settings.database,
          ...(settings.sslMode === undefined ? {} : { sslMode: settings.sslMode }),
          role,
          password,
          size,
          statementTimeoutMs:
            role === 'ef_api'
              ? Math.min(statementTimeoutMs, REQUEST_STATEMENT_MS)
              : statementTimeoutMs,
          idleInTransactionMs: settings.idleInTransactionMs ?? 5_000,
          onState: (up) => {
            this.#up = up;
          },
          onDiskFull: () => {
            this.#diskFullAt = this.clock.monotonic();
          },
        }),
      );
    }
    this.clock = new DatabaseClock(settings.machineClock);
    this.#pools = pools;
    this.#shares = shares;
    this.#watch = new DatabaseWatch({ clock: this.clock, pools });
    this.writer = new BatchWriter(() => this.#pool('ef_writer'), this.clock);
    this.reader = new BatchReader((role, work) => this.#inTurn(role, undefined, work), this.clock);
    this.claims = new Claims(() => this.#pool('ef_claim'));
    this.issuance = new Issuance(() => this.#pool('ef_issuer'));
  }

  /** Opens nothing yet: connections are made when they are needed, and made again when they were lost. */
  static connect(settings: DatabaseSettings): Promise<DatabaseAccess> {
    return Promise.resolve(new DatabaseAccess(settings));
  }

  /**
   * One transaction of one tenant: BEGIN, `ctx.begin`, the statements of `work`, COMMIT. It rejects
   * when anything was not committed. The connections of a role are divided among the tenants that ask.
   * @throws OperationalError `database.unavailable`, `database.busy`, `tenant.busy`, `token.expired`, `tenant.moving`
   * @throws UnexpectedError `tenant.refused`, `tenant.second_tenant`; StatementError for refused data
   */
  async tenant<T>(token: TenantToken, work: (session: TenantSession) => Promise<T>): Promise<T> {
    return runInTenant(token.tenantId, () => {
      checkBundle([token], SINGLE_TENANT_ROLES, this.clock.now());
      return this.#inTurn(token.audience, token.tenantId, (pool) => {
        // It may have expired in the queue.
        checkBundle([token], SINGLE_TENANT_ROLES, this.clock.now());
        return pool.transaction(beginStatement([token]), (transaction) =>
          work({
            tenantId: token.tenantId,
            role: token.audience,
            ...inSchema(transaction, token.placement.schema),
          }),
        );
      });
    });
  }

  /** The last known state: false after a lost or refused connection until one is answered again. */
  isUp(): boolean {
    return this.#up;
  }

  /**
   * Asks the database for an answer.
   * @throws OperationalError `database.unavailable`
   */
  async ping(): Promise<void> {
    const [pool] = this.#pools.values();
    if (!pool) throw new OperationalError('database.unavailable', 'No database role is configured');
    await readClock(pool, this.clock);
  }

  /**
   * Keeps an eye on the database from now on: its time, and settings of this process's roles. Resolves with its clock,
   * which knows the time then unless the database is down. Called again it does no more than that.
   */
  async watch(logger: Pick<Logger, 'error'>): Promise<Clock> {
    await this.#watch.start(logger);
    return this.clock;
  }

  /** Whether the database answers, and its health. Never rejects. */
  async checks(): Promise<DatabaseHealth & { database: boolean }> {
    const database = await this.ping().then(
      () => true,
      () => false,
    );
    return { database, ...this.health() };
  }

  /** As the last answers of the database said. */
  health(): DatabaseHealth {
    return {
      clock: Math.abs(this.clock.skewMs) < MOST_SKEW_MS,
      disk: this.clock.monotonic() - this.#diskFullAt > DISK_FULL_MS,
    };
  }

  /** Waits for running transactions and closes all connections. */
  async close(): Promise<void> {
    this.#watch.stop();
    await Promise.all([...this.#pools.values()].map((pool) => pool.end()));
  }

  #inTurn<T>(
    role: Role,
    tenantId: string | undefined,
    work: (pool: RolePool) => Promise<T>,
  ): Promise<T> {
    const pool = this.#pool(role);
    const shares = this.#shares.get(role);
    return shares ? shares.run(tenantId, () => work(pool)) : work(pool);
  }

  #pool(role: Role): RolePool {
    const pool = this.#pools.get(role);
    if (!pool) {
      throw new UnexpectedError(
        'database.role_missing',
        `This process has no password of ${role}; only the services of that role open its sessions`,
      );
    }
    return pool;
  }
}

function countWait(role: Role): void {
  poolWaited.add(1, { 'easyflow.database.role': role });
}
