import { newId } from '@easyflow/kernel-ids';
import { freePort, startRedis, type LocalRedis } from '@easyflow/platform-local-servers';
import { runRateLimiterContract, waitFor } from '@easyflow/testing';
import { Redis } from 'ioredis';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadRateFunction } from './rate-function';
import { RedisRateLimiter } from './redis-rate-limiter';

jest.setTimeout(60_000);

const log = { info: () => undefined, warn: () => undefined, debug: () => undefined };
/** So slow that no token comes back while a test runs. */
const SLOW = 0.01;

/** A server of its own, because this suite stops it and changes its users. */
describe('RedisRateLimiter', () => {
  let dataDir: string;
  let port: number;
  let server: LocalRedis | undefined;
  const limiters: RedisRateLimiter[] = [];

  const open = async (url?: string): Promise<RedisRateLimiter> => {
    const limiter = new RedisRateLimiter({
      url: url ?? `redis://127.0.0.1:${port}`,
      log,
      timeoutMs: 2_000,
      restMs: 50,
    });
    limiters.push(limiter);
    return limiter;
  };
  const shared = async (limiter: RedisRateLimiter): Promise<RedisRateLimiter> => {
    await waitFor(
      async () => {
        await limiter.take(newId(), 1_000);
        return limiter.isShared();
      },
      { describe: 'the limits to be shared' },
    );
    return limiter;
  };
  const start = async (): Promise<void> => {
    server = await startRedis({ dataDir, port });
  };
  const admin = async <T>(work: (redis: Redis) => Promise<T>): Promise<T> => {
    const redis = new Redis(`redis://127.0.0.1:${port}`);
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  };

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'easyflow-redis-'));
    port = await freePort();
    await start();
  });

  afterAll(async () => {
    await Promise.all(limiters.map((limiter) => limiter.close()));
    await server?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  runRateLimiterContract('redis', async () => shared(await open()));

  it('shares the limits between processes', async () => {
    const [first, second] = [await shared(await open()), await shared(await open())];
    const tenant = newId();
    expect((await first.take(tenant, SLOW)).allowed).toBe(true);
    expect((await second.take(tenant, SLOW)).allowed).toBe(false);
  });

  it('writes under the prefix of the tenant only, and lets the bucket expire', async () => {
    const limiter = await shared(await open());
    const tenant = newId();
    await admin((redis) => redis.flushdb());
    await limiter.take(tenant, 5, 5);
    await admin(async (redis) => {
      expect(await redis.keys('*')).toEqual([`t:${tenant}:rate`]);
      const remaining = await redis.pttl(`t:${tenant}:rate`);
      expect(remaining).toBeGreaterThan(0);
      expect(remaining).toBeLessThanOrEqual(2_000);
    });
  });

  it('limits by itself while Redis is away, without an error, and returns by itself', async () => {
    const limiter = await shared(await open());
    const tenant = newId();
    await server?.kill('SIGKILL');
    await server?.exited;
    expect((await limiter.take(tenant, SLOW)).allowed).toBe(true);
    expect((await limiter.take(tenant, SLOW)).allowed).toBe(false);
    expect(limiter.isShared()).toBe(false);
    await start();
    await shared(limiter);
    // The restarted server knows nothing: the limiter has loaded its function again.
    expect((await limiter.take(tenant, SLOW)).allowed).toBe(true);
  });

  it('does not wait for a Redis that hangs', async () => {
    const limiter = new RedisRateLimiter({
      url: `redis://127.0.0.1:${port}`,
      log,
      timeoutMs: 100,
      restMs: 50,
    });
    limiters.push(limiter);
    await shared(limiter);
    await server?.kill('SIGSTOP');
    try {
      const tenant = newId();
      expect((await limiter.take(tenant, SLOW)).allowed).toBe(true);
      expect(limiter.isShared()).toBe(false);
      expect((await limiter.take(tenant, SLOW)).allowed).toBe(false);
    } finally {
      await server?.kill('SIGCONT');
    }
    await shared(limiter);
  });

  it('comes up without a Redis', async () => {
    const limiter = await open(`redis://127.0.0.1:${await freePort()}`);
    expect((await limiter.take(newId(), 1)).allowed).toBe(true);
    expect(limiter.isShared()).toBe(false);
  });

  it("works as an ACL user who reaches tenants' keys by this function alone (redis_scan)", async () => {
    await admin(async (redis) => {
      await loadRateFunction(redis);
      await redis.acl(
        'SETUSER',
        'easyflow-gateway',
        'on',
        '>secret',
        '~t:*:rate',
        '-@all',
        '+fcall',
        '+ping',
        '+info',
        '+hmget',
        '+hset',
        '+pexpire',
        '+time',
      );
    });
    const url = `redis://easyflow-gateway:secret@127.0.0.1:${port}`;
    const limiter = await shared(await open(url));
    const tenant = newId();
    expect((await limiter.take(tenant, SLOW)).allowed).toBe(true);
    expect((await limiter.take(tenant, SLOW)).allowed).toBe(false);
    const intruder = new Redis(url);
    try {
      await expect(intruder.scan(0)).rejects.toThrow(/NOPERM/);
      await expect(intruder.keys('*')).rejects.toThrow(/NOPERM/);
      await expect(intruder.hset('other', 'a', 'b')).rejects.toThrow(/NOPERM/);
      await expect(intruder.fcall('easyflow_rate_take_v1', 1, 'other', 1, 1)).rejects.toThrow(
        /NOPERM/,
      );
    } finally {
      intruder.disconnect();
    }
    await admin(async (redis) => {
      expect(await redis.keys(`t:${tenant}:*`)).toEqual([`t:${tenant}:rate`]);
    });
  });
});
