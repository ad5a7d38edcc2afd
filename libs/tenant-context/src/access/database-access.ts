import {
  POOL_SIZES,
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

export interface DatabaseSettings extends DatabaseAddress {
  /** Only of the roles of this process. */
  passwords: Partial<Record<Role, string>>;
  poolSizes?: Partial<Record<Role, number>>;
  /** Default 15,000. */
  statementTimeoutMs?: number;
  /** Default 5,000; see `RolePoolSettings`. */
  idleInTransactionMs?: number;
}

const SINGLE_TENANT_ROLES: readonly Role[] = [
  'ef_api',
  'ef_registry',
  'ef_worker',
  'ef_scheduler',
  'ef_analytics',
  'ef_writer',
];

/** All connections of one process, by role: the only way to a tenant's data. */
export class DatabaseAccess {
  readonly writer: BatchWriter;
  readonly reader: BatchReader;
  readonly claims: Claims;
  readonly issuance: Issuance;
  readonly #pools: ReadonlyMap<Role, RolePool>;
  #up = true;

  private constructor(settings: DatabaseSettings) {
    const pools = new Map<Role, RolePool>();
    for (const role of ROLES) {
      const password = settings.passwords[role];
      if (password === undefined) continue;
      pools.set(
        role,
        new RolePool({
          host: settings.host,
          port: settings.port,
          database: settings.database,
          ...(settings.sslMode === undefined ? {} : { sslMode: settings.sslMode }),
          role,
          password,
          size: settings.poolSizes?.[role] ?? POOL_SIZES[role],
          statementTimeoutMs: settings.statementTimeoutMs ?? 15_000,
          idleInTransactionMs: settings.idleInTransactionMs ?? 5_000,
          onState: (up) => {
            this.#up = up;
          },
        }),
      );
    }
    this.#pools = pools;
    this.writer = new BatchWriter(() => this.#pool('ef_writer'));
    this.reader = new BatchReader((role) => this.#pool(role));
    this.claims = new Claims(() => this.#pool('ef_claim'));
    this.issuance = new Issuance(() => this.#pool('ef_issuer'));
  }

  /** Opens nothing yet: connections are made when they are needed, and made again when they were lost. */
  static connect(settings: DatabaseSettings): Promise<DatabaseAccess> {
    return Promise.resolve(new DatabaseAccess(settings));
  }

  /**
   * One transaction of one tenant: BEGIN, `ctx.begin`, the statements of `work`, COMMIT. It rejects
   * when anything was not committed.
   * @throws OperationalError `database.unavailable`, `database.busy`, `token.expired`, `tenant.moving`
   * @throws UnexpectedError `tenant.refused`, `tenant.second_tenant`; StatementError for refused data
   */
  async tenant<T>(token: TenantToken, work: (session: TenantSession) => Promise<T>): Promise<T> {
    return runInTenant(token.tenantId, () => {
      checkBundle([token], SINGLE_TENANT_ROLES);
      return this.#pool(token.audience).transaction(beginStatement([token]), (transaction) =>
        work({
          tenantId: token.tenantId,
          role: token.audience,
          ...inSchema(transaction, token.placement.schema),
        }),
      );
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
