import { OperationalError, UserError } from '@easyflow/kernel-errors';
import { InMemoryAttemptLimiter } from '@easyflow/platform-limiter';
import { LOGIN_LIMITS, LoginThrottle } from './login-throttle';

const right = async () => 'token';
const wrong = async () => {
  throw new UserError('auth.invalid_credentials', 'no', { status: 401 });
};

describe('LoginThrottle', () => {
  let now = 0;
  let throttle: LoginThrottle;
  beforeEach(() => {
    now = 0;
    throttle = new LoginThrottle(new InMemoryAttemptLimiter({ monotonic: () => now }));
  });

  /** `token`, or the code of the refusal. */
  const attempt = (email: string, address: string, login: () => Promise<string> = wrong) =>
    throttle.attempt({ email, address }, login).catch((error: UserError) => error.code);
  const times = async (n: number, email: string, address: (i: number) => string) => {
    const codes = [];
    for (let i = 0; i < n; i += 1) codes.push(await attempt(email, address(i)));
    return codes;
  };
  const invalid = (n: number) => Array.from({ length: n }, () => 'auth.invalid_credentials');

  it('answers some wrong passwords a minute of an account, however it is written, and then none', async () => {
    const half = LOGIN_LIMITS.account / 2;
    expect(await times(half, 'ann@a.test', () => '1.1.1.1')).toEqual(invalid(half));
    expect(await times(half, 'ANN@a.test', (i) => `2.2.2.${i}`)).toEqual(invalid(half));
    const called = jest.fn(right);
    await expect(
      throttle.attempt({ email: 'ann@a.test', address: '1.1.1.1' }, called),
    ).rejects.toMatchObject({ code: 'auth.too_many_attempts', status: 429, retryAfterSeconds: 60 });
    expect(called).not.toHaveBeenCalled();
    expect(await attempt('bob@a.test', '1.1.1.1', right)).toBe('token');
    now += LOGIN_LIMITS.windowMs;
    expect(await attempt('ann@a.test', '1.1.1.1', right)).toBe('token');
  });

  it('takes right passwords as often as they come, side by side too', async () => {
    const all = await Promise.all(
      Array.from({ length: 36 }, () => attempt('ann@a.test', '1.1.1.1', right)),
    );
    expect(new Set(all)).toEqual(new Set(['token']));
    await times(LOGIN_LIMITS.account - 1, 'ann@a.test', () => '9.9.9.9');
    expect(await attempt('ann@a.test', '9.9.9.9', right)).toBe('token');
  });

  it('lets nobody lock an owner out of where they log in from', async () => {
    expect(await attempt('ann@a.test', '1.1.1.1', right)).toBe('token');
    const guesses = await times(40, 'ann@a.test', (i) => `9.9.${i}.9`);
    const answered = guesses.filter((code) => code === 'auth.invalid_credentials');
    expect(answered).toHaveLength(LOGIN_LIMITS.account);
    expect(await attempt('ann@a.test', '1.1.1.1', right)).toBe('token');
    expect(await attempt('ann@a.test', '5.5.5.5', right)).toBe('auth.too_many_attempts');
    // There too only so many guesses are answered.
    expect(
      (await times(LOGIN_LIMITS.account + 1, 'ann@a.test', () => '1.1.1.1')).slice(-2),
    ).toEqual(['auth.invalid_credentials', 'auth.too_many_attempts']);
  });

  it('has few passwords of an address verified at a time, and those of others at once', async () => {
    const ends: (() => void)[] = [];
    const slow = () => new Promise<string>((resolve) => ends.push(() => resolve('token')));
    const flood = Array.from({ length: 100 }, (_, i) =>
      attempt(`user-${i}@a.test`, '9.9.9.9', slow),
    );
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    await settled();
    const atOnce = ends.length;
    expect(atOnce).toBeGreaterThan(0);
    expect(atOnce).toBeLessThanOrEqual(8);
    expect(await attempt('ann@a.test', '1.1.1.1', right)).toBe('token');
    for (let n = 0; n < 100; n += 1) {
      ends.shift()?.();
      await settled();
      expect(ends.length).toBeLessThanOrEqual(atOnce);
    }
    expect(new Set(await Promise.all(flood))).toEqual(new Set(['token']));
  });

  it('answers an address that tries many accounts no more after a while', async () => {
    const codes = [];
    const { account, address } = LOGIN_LIMITS;
    for (let i = 0; i <= address; i += 1) codes.push(await attempt(`user-${i}@a.test`, '9.9.9.9'));
    expect(codes).toEqual([...invalid(address), 'auth.too_many_attempts']);
    // What was refused for the address is no attempt on the account.
    const last = `user-${address}@a.test`;
    expect(await times(account, last, (i) => `1.1.1.${i}`)).toEqual(invalid(account));
  });

  it('counts no attempt that could not be judged', async () => {
    const down = async () => {
      throw new OperationalError('issuer.unavailable', 'down');
    };
    for (let i = 0; i < 2 * LOGIN_LIMITS.account; i += 1) {
      expect(await attempt('ann@a.test', '1.1.1.1', down)).toBe('issuer.unavailable');
    }
  });

  it('keeps no more than so many waiting for one account', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const all = Array.from({ length: 40 }, () => attempt('ann@a.test', '1.1.1.1', () => promise));
    expect(await Promise.race(all)).toBe('auth.too_many_attempts');
    resolve('token');
    const answers = await Promise.all(all);
    expect(answers.filter((answer) => answer === 'token')).toHaveLength(36);
  });
});
