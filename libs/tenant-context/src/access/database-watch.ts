import {
  readRoleSettings,
  resetRoleSettings,
  type DatabaseClock,
  type Role,
  type RolePool,
  type RoleSetting,
} from '@easyflow/platform-database';
import type { Logger } from '@easyflow/platform-telemetry';
import { clockSkew, roleSettingsFound } from './access-metrics';

export interface DatabaseWatchOptions {
  readonly clock: DatabaseClock;
  readonly pools: ReadonlyMap<Role, RolePool>;
}

/** Clocks of machines drift apart by 0.1 ms a second at worst: by a millisecond between two looks. */
const LOOK_MS = 10_000;
/** Until the database has answered once. */
const FIRST_LOOK_MS = 500;
/** A start does not wait longer than this for a database that is down. */
const PATIENCE_MS = 1_000;

const READ_CLOCK = {
  name: 'database_clock',
  text: 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
};

/** Asks the database for its time; a pool that is busy only makes the answer less exact. */
export async function readClock(pool: RolePool, clock: DatabaseClock): Promise<void> {
  const sent = clock.monotonic();
  const { rows } = await pool.query<{ now: number }>(READ_CLOCK);
  const now = rows[0]?.now;
  if (now !== undefined) clock.learn(now, sent, clock.monotonic());
}

/** What a process looks at in its database every few seconds: the time, and settings that its roles should not have. */
export class DatabaseWatch {
  private timer: NodeJS.Timeout | undefined;
  private starting: Promise<void> | undefined;
  private unobserve: (() => void) | undefined;
  private stopped = false;

  constructor(private readonly options: DatabaseWatchOptions) {}

  /** Resolves when the time is known, or with a database that is down after a second; asked again meanwhile. */
  start(logger: Pick<Logger, 'error'>): Promise<void> {
    this.starting ??= this.begin(logger);
    return this.starting;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.unobserve?.();
  }

  private async begin(logger: Pick<Logger, 'error'>): Promise<void> {
    this.unobserve = clockSkew.observe(() => this.options.clock.skewMs / 1_000);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE_MS);
    await Promise.race([this.look(logger), late]);
    clearTimeout(timer);
  }

  /** Never rejects: what cannot be asked now is asked again. */
  private async look(logger: Pick<Logger, 'error'>): Promise<void> {
    const { clock, pools } = this.options;
    const [pool] = pools.values();
    if (!pool || this.stopped) return;
    try {
      await readClock(pool, clock);
      await this.lookAtRoles(pool, logger);
    } catch {
      // The database is down, which its own checks say.
    }
    if (this.stopped) return;
    const pause = clock.known ? LOOK_MS : FIRST_LOOK_MS;
    this.timer = setTimeout(() => void this.look(logger), pause).unref();
  }

  private async lookAtRoles(pool: RolePool, logger: Pick<Logger, 'error'>): Promise<void> {
    const roles = [...this.options.pools.keys()];
    const { rows } = await pool.query<RoleSetting>({ ...readRoleSettings, values: [roles] });
    for (const found of rows) await this.takeBack(found, logger);
  }

  /** Only somebody with the role's password can have set them: a setting is an alarm, not a nuisance. */
  private async takeBack(found: RoleSetting, logger: Pick<Logger, 'error'>): Promise<void> {
    roleSettingsFound.add(1, { 'easyflow.database.role': found.role });
    logger.error(found, 'a database role was given settings of its own; they are taken back');
    const pool = this.options.pools.get(found.role);
    if (!pool) return;
    const database = found.database ?? undefined;
    await pool.query({
      name: `reset_role_settings ${database ?? ''}`,
      text: resetRoleSettings(database),
    });
    // Connections that were opened meanwhile have them still.
    pool.renew();
  }
}
