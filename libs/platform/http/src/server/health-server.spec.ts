import { startHealthServer, type HealthServer } from './health-server';

describe('startHealthServer', () => {
  let server: HealthServer;
  let checks: () => Promise<Record<string, boolean>>;

  beforeAll(async () => {
    server = await startHealthServer({ port: 0, host: '127.0.0.1', checks: () => checks() });
  });
  afterAll(() => server.close());

  const get = async (path: string) => {
    const response = await fetch(`${server.url}${path}`);
    return { status: response.status, body: await response.json() };
  };

  it('lives, whatever is down', async () => {
    checks = () => Promise.reject(new Error('down'));
    expect(await get('/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
    expect((await get('/readyz')).status).toBe(503);
  });

  it('is ready when all checks pass', async () => {
    checks = async () => ({ database: true, transport: true });
    expect(await get('/readyz')).toEqual({
      status: 200,
      body: { status: 'ready', checks: { database: true, transport: true } },
    });
    checks = async () => ({ database: false, transport: true });
    expect(await get('/readyz')).toMatchObject({ status: 503, body: { status: 'not ready' } });
  });

  it('has no other route', async () => {
    expect((await get('/other')).status).toBe(404);
  });
});
