import { OperationalError, UserError } from '@easyflow/kernel-errors';
import { InMemoryAttemptLimiter } from '@easyflow/platform-limiter';
import { CREDENTIAL_LIMITS, UnknownCredentials } from './unknown-credentials';

const right = async () => 'principal';
const refusal = (status: number) => async () => {
  throw new UserError('auth.refused', 'no', { status });
};
const wrong = refusal(401);

describe('UnknownCredentials', () => {
  let now = 0;
  let unknown: UnknownCredentials;
  beforeEach(() => {
    now = 0;
    unknown = new UnknownCredentials(new InMemoryAttemptLimiter({ monotonic: () => now }));
  });

  /** `principal`, or the code of the refusal. */
  const attempt = (hash: string, address: string, verify: () => Promise<string> = wrong) =>
    unknown.attempt({ hash, address }, verify).catch((error: UserError) => error.code);
  const fill = async (address: (index: number) => string) => {
    for (let index = 0; index < CREDENTIAL_LIMITS.address; index += 1) {
      expect(await attempt(`guess ${index}`, address(index))).toBe('auth.refused');
    }
  };

  it('verifies some wrong ones a minute of an address, and then none', async () => {
    await fill(() => '1.1.1.1');
    const asked = jest.fn(right);
    await expect(unknown.attempt({ hash: 'new', address: '1.1.1.1' }, asked)).rejects.toMatchObject(
      { code: 'auth.too_many_attempts', status: 429, retryAfterSeconds: 60 },
    );
    expect(asked).not.toHaveBeenCalled();
    expect(await attempt('new', '1.1.1.2', right)).toBe('principal');
    now += CREDENTIAL_LIMITS.windowMs;
    expect(await attempt('new', '1.1.1.1', right)).toBe('principal');
  });

  it('takes the addresses of one IPv6 network for one', async () => {
    await fill((index) => `2001:db8:1:2::${index.toString(16)}`);
    expect(await attempt('new', '2001:db8:1:2:ffff::1', right)).toBe('auth.too_many_attempts');
    expect(await attempt('new', '2001:db8:1:3::1', right)).toBe('principal');
  });

  it('lets one that was right pass whatever others send from its address', async () => {
    expect(await attempt('good', '1.1.1.1', right)).toBe('principal');
    await fill(() => '1.1.1.1');
    expect(await attempt('good', '1.1.1.1', right)).toBe('principal');
    expect(await attempt('other', '1.1.1.1', right)).toBe('auth.too_many_attempts');
  });

  it.each([
    ['one of the wrong kind', refusal(403)],
    [
      'one that was not judged',
      async () => {
        throw new OperationalError('issuer.unavailable', 'down');
      },
    ],
    ['a right one', right],
  ])('does not count %s', async (_, verify) => {
    for (let index = 0; index <= CREDENTIAL_LIMITS.address; index += 1) {
      await attempt(`other ${index}`, '1.1.1.1', verify);
    }
    expect(await attempt('new', '1.1.1.1', right)).toBe('principal');
  });

  it('verifies few of an address at a time, and only so many wait', async () => {
    let [running, most] = [0, 0];
    const ends: (() => void)[] = [];
    const slow = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
      return 'principal';
    };
    const all = Array.from({ length: CREDENTIAL_LIMITS.address + 10 }, (_, index) =>
      attempt(`one ${index}`, '1.1.1.1', slow),
    );
    const elsewhere = attempt('one', '2.2.2.2', right);
    expect(await elsewhere).toBe('principal');
    const codes = Promise.all(all);
    let isOver = false;
    void codes.then(() => (isOver = true));
    while (!isOver) {
      ends.splice(0).forEach((end) => end());
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(most).toBe(4);
    expect((await codes).filter((code) => code === 'auth.too_many_attempts')).toHaveLength(6);
  });
});
