import { freePort, startRedis, type LocalRedis } from '@easyflow/platform-local-servers';
import { runAttemptLimiterContract, waitFor } from '@easyflow/testing';
import { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadAttemptFunctions } from './attempt-functions';
import { RedisAttemptLimiter } from './redis-attempt-limiter';

jest.setTimeout(60_000);

const log = { info: () => undefined, warn: () => undefined, debug: () => undefined };
const newKey = () => randomBytes(32).toString('hex');
const MINUTE = 60_000;

/** A server of its own, because this suite stops it and changes its users. */
describe('RedisAttemptLimiter', () => {
  let dataDir: string;
  let port: number;
  let server: LocalRedis | undefined;
  const limiters: RedisAttemptLimiter[] = [];

  const shared = async (url = `redis://127.0.0.1:${port}`): Promise<RedisAttemptLimiter> => {
    const limiter = new RedisAttemptLimiter({ url, log, timeoutMs: 2_000, restMs: 50 });
    limiters.push(limiter);
    await isShared(limiter);
    return limiter;
  };
  const isShared = (limiter: RedisAttemptLimiter) =>
    waitFor(
      async () => {
        await limiter.knows(newKey());
        return limiter.isShared();
      },
      { describe: 'the attempts to be shared' },
    );

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'easyflow-redis-'));
    port = await freePort();
    server = await startRedis({ dataDir, port });
  });

  afterAll(async () => {
    await Promise.all(limiters.map((limiter) => limiter.close()));
    await server?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  runAttemptLimiterContract('redis', () => shared());

  it('counts and remembers over processes', async () => {
    const [first, second] = [await shared(), await shared()];
    const key = newKey();
    expect((await first.book(key, 1, MINUTE)).allowed).toBe(true);
    expect((await second.book(key, 1, MINUTE)).allowed).toBe(false);
    await second.remember(key, MINUTE);
    expect(await first.knows(key)).toBe(true);
  });

  it('counts by itself while Redis is away, and still knows whom it let in', async () => {
    const limiter = await shared();
    const key = newKey();
    await limiter.remember(key, MINUTE);
    await server?.kill('SIGKILL');
    await server?.exited;
    expect(await limiter.knows(key)).toBe(true);
    expect((await limiter.book(key, 1, MINUTE)).allowed).toBe(true);
    expect((await limiter.book(key, 1, MINUTE)).allowed).toBe(false);
    server = await startRedis({ dataDir, port });
    await isShared(limiter);
  });

  it('works as an ACL user who reaches these keys by the functions alone', async () => {
    const admin = new Redis(`redis://127.0.0.1:${port}`);
    try {
      await loadAttemptFunctions(admin);
      const rights = ['-@all', '+fcall', '+ping', '+info', '+get', '+set', '+incr', '+decr'];
      await admin.acl(
        'SETUSER',
        'gate',
        'on',
        '>secret',
        '~login:*',
        ...rights,
        '+pttl',
        '+exists',
      );
    } finally {
      admin.disconnect();
    }
    const url = `redis://gate:secret@127.0.0.1:${port}`;
    const limiter = await shared(url);
    const key = newKey();
    expect((await limiter.book(key, 1, MINUTE)).allowed).toBe(true);
    await limiter.refund(key);
    expect((await limiter.book(key, 1, MINUTE)).allowed).toBe(true);
    expect((await limiter.book(key, 1, MINUTE)).allowed).toBe(false);
    expect(limiter.isShared()).toBe(true);
    const intruder = new Redis(url);
    try {
      await expect(intruder.scan(0)).rejects.toThrow(/NOPERM/);
      await expect(intruder.get('t:x:rate')).rejects.toThrow(/NOPERM/);
    } finally {
      intruder.disconnect();
    }
  });
});
