import {
  POOL_SIZES,
  poolWaited,
  RolePool,
  ROLES,
  type DatabaseAddress,
  type Role,
} from '@easyflow/platform-database';
import { OperationalError, UnexpectedError } from '@easyflow/kernel-errors';
import type { TenantToken } from '../context/tenant';
import { runInTenant } from '../context/unit-of-work';
import { BatchReader } from './batch-reader';
import { BatchWriter } from './batch-writer';
import { Claims } from './claims';
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
}

/**
 * A request's statement: what takes longer fails for who asked, before it keeps a connection from others. Every one is
 * bound by an index and takes milliseconds.
 */
const REQUEST_STATEMENT_MS = 5_000;

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
  readonly #pools: ReadonlyMap<Role, RolePool>;
  readonly #shares: ReadonlyMap<Role, TenantShares>;
  #up = true;

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
        }),
      );
    }
    this.#pools = pools;
    this.#shares = shares;
    this.writer = new BatchWriter(() => this.#pool('ef_writer'));
    this.reader = new BatchReader((role, work) => this.#inTurn(role, undefined, work));
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
      checkBundle([token], SINGLE_TENANT_ROLES);
      return this.#inTurn(token.audience, token.tenantId, (pool) => {
        // It may have expired in the queue.
        checkBundle([token], SINGLE_TENANT_ROLES);
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
    await pool.query({ name: 'ping', text: 'SELECT 1' });
  }

  /** Waits for running transactions and closes all connections. */
  async close(): Promise<void> {
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
