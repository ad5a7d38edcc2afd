import { GatewayRig } from './gateway-rig.test';
import { LOGIN_LIMITS } from './sessions/login-throttle';

jest.setTimeout(60_000);

let rig: GatewayRig;

beforeAll(async () => {
  rig = await GatewayRig.start({
    settings: { http: { host: '127.0.0.1', port: 0, trustedProxies: ['127.0.0.1'] } },
  });
}, 60_000);
afterAll(() => rig.close(), 30_000);

const login = (email: string, password: string, from: string) =>
  rig.call('POST', '/v1/auth/login', {
    json: { email, password },
    headers: { 'x-forwarded-for': from },
  });

it('a known and an unknown account are refused alike, and tell when to come back', async () => {
  const { login: known } = await rig.tenant();
  const seen = [];
  for (const [email, from] of [
    [known.email, '203.0.113.1'],
    ['nobody@example.test', '203.0.113.2'],
  ] as const) {
    const answers = [];
    for (let i = 0; i <= LOGIN_LIMITS.account; i += 1)
      answers.push(await login(email, 'wrong', from));
    const last = answers.at(-1);
    expect(answers.slice(0, -1).every(({ status }) => status === 401)).toBe(true);
    expect(last?.status).toBe(429);
    expect(last?.headers.get('content-type')).toContain('application/problem+json');
    const wait = Number(last?.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    seen.push({ ...last?.body, traceId: '' });
  }
  expect(seen[0]).toMatchObject({ code: 'auth.too_many_attempts', status: 429 });
  expect(seen[0]).toEqual(seen[1]);
});

it('an owner still logs in from where they have, while others guess', async () => {
  const { login: owner } = await rig.tenant();
  expect((await login(owner.email, owner.password, '203.0.113.7')).status).toBe(200);
  for (let i = 0; i <= LOGIN_LIMITS.account; i += 1)
    await login(owner.email, `guess ${i}`, `198.51.100.${i}`);
  expect((await login(owner.email, 'guess', '198.51.100.99')).status).toBe(429);
  expect((await login(owner.email, owner.password, '203.0.113.7')).status).toBe(200);
});
