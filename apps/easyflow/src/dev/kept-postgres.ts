import { LocalServerError, type LocalPostgres } from '@easyflow/platform-local-servers';

/** What is needed of a Postgres to keep it. */
export type KeepablePostgres = Pick<LocalPostgres, 'url' | 'port' | 'pid' | 'exited' | 'stop'>;

export interface KeptPostgresOptions {
  /** Starts it on its data folder; on this port when one is given, as the pools are connected to it. */
  readonly start: (port: number | undefined) => Promise<KeepablePostgres>;
  readonly say: (line: string) => void;
  /** Whether the disk has room for it to start. */
  readonly hasRoom: () => Promise<boolean>;
  /** For tests. */
  readonly pause?: (milliseconds: number) => Promise<void>;
  readonly monotonic?: () => number;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** So long it may fail to start again before there is no hope. A full disk has no end of its own: it is waited for. */
const GIVE_UP_MS = 60_000;

/**
 * The Postgres of the one-process server, started again when it ends by itself: killed for memory, ended by hand, or
 * at a full disk. Meanwhile requests are answered 503, and everything goes on when it is back.
 */
export class KeptPostgres {
  private current: KeepablePostgres | undefined;
  private work: Promise<void> | undefined;
  private stopping = false;
  private readonly hopeless = Promise.withResolvers<Error>();

  private constructor(private readonly options: KeptPostgresOptions) {}

  /** @throws LocalServerError when the first start fails */
  static async start(options: KeptPostgresOptions): Promise<KeptPostgres> {
    const kept = new KeptPostgres(options);
    kept.watch(await options.start(undefined));
    return kept;
  }

  /** The superuser's URL; it stays the same. */
  get url(): string {
    return this.current?.url ?? '';
  }

  /** Resolves with the reason when it cannot be brought back. */
  get failed(): Promise<Error> {
    return this.hopeless.promise;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.work;
    await this.current?.stop();
  }

  private watch(postgres: KeepablePostgres): void {
    this.current = postgres;
    void postgres.exited.then(() => {
      if (this.stopping) return;
      this.options.say(`Postgres (pid ${postgres.pid}) has ended; starting it again`);
      this.work = this.bringBack(postgres.port).finally(() => (this.work = undefined));
    });
  }

  private async bringBack(port: number): Promise<void> {
    const { start, say, hasRoom } = this.options;
    const monotonic = this.options.monotonic ?? (() => performance.now());
    const pause = this.options.pause ?? sleep;
    let since = monotonic();
    for (let wait = FIRST_PAUSE_MS; !this.stopping; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
      try {
        const postgres = await start(port);
        say(`Postgres runs again (pid ${postgres.pid})`);
        this.watch(postgres);
        return;
      } catch (error) {
        if (!(await hasRoom())) {
          if (wait === FIRST_PAUSE_MS) say('Postgres has no room on its disk; waiting for some');
          since = monotonic();
        } else if (monotonic() - since > GIVE_UP_MS) {
          this.hopeless.resolve(asLocal(error));
          return;
        }
        await pause(wait);
      }
    }
  }
}

function asLocal(error: unknown): Error {
  if (error instanceof LocalServerError) return error;
  return new LocalServerError(
    `Postgres cannot be started again: ${String(error)}`,
    'see its log, postgres/server.log in the data folder.',
    { cause: error },
  );
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
