import { Redis } from 'ioredis';

/** What the limiters log to; a pino logger is one. */
export interface RedisLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

export interface RedisFunctionsOptions {
  /** `redis://[user:password@]host:port`, `rediss://` over TLS. */
  url: string;
  log: RedisLog;
  /** Longest wait for an answer, milliseconds; default 50. A limit is not worth more of a request's time. */
  timeoutMs?: number;
  /** How long Redis is left alone after a failure, milliseconds; default 1,000. */
  restMs?: number;
}

/**
 * Calls the Functions of one library. When Redis is down, slow or does not know them, a call answers nothing for a
 * moment: the caller decides by itself, and a request never fails or waits for it.
 */
export class RedisFunctions {
  private readonly redis: Redis;
  private readonly restMs: number;
  private restUntil = 0;
  private resting = true;
  private loading: Promise<void> | undefined;

  constructor(
    private readonly options: RedisFunctionsOptions,
    private readonly library: { what: string; load: (redis: Redis) => Promise<void> },
  ) {
    this.restMs = options.restMs ?? 1_000;
    this.redis = new Redis(options.url, {
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 1_000,
      commandTimeout: options.timeoutMs ?? 50,
      retryStrategy: (attempt) => Math.min(attempt * 50, 1_000),
    });
    // Without a listener ioredis prints every failed attempt to connect.
    this.redis.on('error', (error) => this.options.log.debug({ error }, 'Redis reports an error'));
    this.redis.on('close', () => this.rest(undefined));
    this.redis.on('ready', () => void this.load());
  }

  /** The Function's number; undefined when Redis cannot be asked now. */
  async call(name: string, key: string, ...args: readonly number[]): Promise<number | undefined> {
    if (!this.isUp()) return undefined;
    try {
      const answer = Number(await this.redis.fcall(name, 1, key, ...args));
      this.works();
      return answer;
    } catch (error) {
      this.rest(error);
      return undefined;
    }
  }

  /** Whether Redis can be asked now. */
  isUp(): boolean {
    return this.redis.status === 'ready' && performance.now() >= this.restUntil;
  }

  /** Whether Redis answered last. */
  isShared(): boolean {
    return !this.resting;
  }

  async close(): Promise<void> {
    this.redis.disconnect();
    await this.loading;
  }

  private works(): void {
    if (!this.resting) return;
    this.resting = false;
    this.options.log.info({}, `${this.library.what} are shared through Redis`);
  }

  private rest(error: unknown): void {
    this.restUntil = performance.now() + this.restMs;
    if (!this.resting)
      this.options.log.warn({ error }, `Redis fails; ${this.library.what} are local for now`);
    this.resting = true;
    // A Redis whose functions were flushed has lost ours.
    if (error instanceof Error && /function not found/i.test(error.message)) void this.load();
  }

  /** A server whose ACL does not let us load it got the library at deployment. */
  private load(): Promise<void> {
    this.loading ??= this.library
      .load(this.redis)
      .catch((error: unknown) => {
        this.options.log.debug({ error }, 'The functions could not be loaded');
      })
      .finally(() => {
        this.loading = undefined;
      });
    return this.loading;
  }
}
