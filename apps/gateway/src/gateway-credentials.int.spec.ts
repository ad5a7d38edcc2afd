import { GatewayRig } from './gateway-rig.test';

let rig: GatewayRig;

beforeAll(async () => {
  rig = await GatewayRig.start();
}, 60_000);
afterAll(() => rig.close(), 30_000);

it('wrong credentials are limited by address before the issuer is asked, and who is known passes', async () => {
  const [known, idle] = [await rig.tenant(), await rig.tenant()];
  const asked = jest.spyOn(rig.issuer, 'authenticate');
  const of = (credential: string) => rig.call('GET', '/v1/flows', { credential });
  expect((await of(known.apiKey)).status).toBe(200);
  asked.mockClear();
  const guesses = await Promise.all(
    Array.from({ length: 400 }, (_, n) => of(`ef_${String(n).padStart(43, 'A')}`)),
  );
  const statuses = guesses.map(({ status }) => status);
  expect(statuses.filter((status) => status === 401)).toHaveLength(300);
  expect(asked).toHaveBeenCalledTimes(300);
  const over = guesses.find(({ status }) => status === 429);
  expect(over?.body).toMatchObject({ code: 'auth.too_many_attempts' });
  expect(Number(over?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect((await of(known.apiKey)).status).toBe(200);
  expect((await of(idle.apiKey)).status).toBe(429);
});
